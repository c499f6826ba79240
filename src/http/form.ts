/** Reads the short form that somebody posts to an endpoint of ours. */
import type { IncomingMessage } from 'node:http'
import { onceEach } from './query.ts'

/**
 * Room for the longest token that is read (oidc/logout-token.ts) and its name. Anybody may send one, on as many
 * connections as there may be, and as slowly as bodies may come: so it is held in this much memory and no more, however
 * small the pieces are in which it comes (T88).
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
  const body = await readBody(request)
  return body === null ? null : onceEach(body, names)
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers['content-length'] ?? 0) > mostBytes) return null
  const body = Buffer.alloc(mostBytes)
  let bytes = 0
  try {
    // What is left unread when we turn away closes the connection (http/writers.ts), not the request under our hands.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (bytes + chunk.length > mostBytes) return null
      bytes += chunk.copy(body, bytes)
    }
  } catch {
    return null
  }
  return body.toString('utf8', 0, bytes)
}
