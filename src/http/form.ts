/** Reads the short form that somebody posts to an endpoint of ours. */
import type { IncomingMessage } from 'node:http'
import { onceEach } from './query.ts'

const mostBytes = 65_536

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
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    // What is left unread when we turn away closes the connection (http/writers.ts), not the request under our hands.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length
      if (bytes > mostBytes) return null
      chunks.push(chunk)
    }
  } catch {
    return null
  }
  return Buffer.concat(chunks).toString('utf8')
}
