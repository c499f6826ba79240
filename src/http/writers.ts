/** The two mouths of the gateway: an answer written to a response, and one written to the raw socket of an upgrade. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Answer } from '../core/answer/answer.ts'

/**
 * Writes an answer, if there is still somebody to read it. A request body that nobody has read is not read to its end either:
 * the connection closes instead.
 */
export function writeAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.headersSent) {
    // Half an answer of the upstream is on its way: a second one must never follow it (T48).
    response.destroy()
    return
  }
  if (response.destroyed) return
  response.statusCode = answer.status
  for (const [name, value] of Object.entries(answer.headers)) {
    // Beside the session's cookie, which express-session sets by itself.
    if (name.toLowerCase() === 'set-cookie') response.appendHeader(name, value)
    else response.setHeader(name, value as string | string[])
  }
  const body = contentless.has(answer.status) ? '' : answer.body
  if (!lengthless.has(answer.status)) response.setHeader('Content-Length', Buffer.byteLength(body))
  if (hasUnreadBody(request)) response.setHeader('Connection', 'close')
  response.end(body)
}

/** Answers without content (RFC 9110 sections 15.3.5, 15.3.6, 15.4.5), whatever the configuration has them say. */
const contentless: ReadonlySet<number> = new Set([204, 205, 304])
/** Node drops the content of these and not its length: who stands in front would take the next answer for it (T93). */
const lengthless: ReadonlySet<number> = new Set([204, 304])

function hasUnreadBody(request: IncomingMessage): boolean {
  const { headers } = request
  const framed = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  return framed && !request.complete
}

/** Writes an answer as HTTP to the socket of an upgrade or of a request that could not be parsed, and ends it. */
export function writeAnswerToSocket(socket: Duplex, answer: Answer): void {
  if (!socket.writable) return void socket.destroy()
  const lines = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`]
  for (const [name, value] of Object.entries(answer.headers)) {
    for (const each of typeof value === 'string' ? [value] : value) lines.push(`${name}: ${each}`)
  }
  lines.push(`Content-Length: ${Buffer.byteLength(answer.body)}`, 'Connection: close', '', '')
  socket.end(Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), Buffer.from(answer.body)]), () =>
    socket.destroy(),
  )
}
