/** Reads the short form that somebody posts to an endpoint of ours. */
import type { IncomingMessage } from 'node:http'
import { onceEach } from './query.ts'
import { readBody } from './read-body.ts'

/**
 * Room for the longest token that is read (oidc/logout-token.ts) and its name. Anybody may send one, on as many
 * connections as there may be, and as slowly as bodies may come (T88).
 */
const mostBytes = 20_480

/**
 * The parameters of these names from a body in `application/x-www-form-urlencoded`, read as a query is.
 * @returns null for any other body, one that is too long or breaks off, and where one of them occurs twice.
 */
export async function readForm<N extends string>(
  request: IncomingMessage,
  names: readonly N[],
): Promise<Partial<Record<N, string>> | null> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded') return null
  if (Number(request.headers['content-length'] ?? 0) > mostBytes) return null
  const body = await readBody(request, mostBytes, null)
  return typeof body === 'string' ? null : onceEach(body.toString('utf8'), names)
}
