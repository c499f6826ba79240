/** The two mouths of the gateway: an answer written to a response, and one written to the raw socket of an upgrade. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Answer } from '../core/answer/answer.ts'

/**
 * Writes an answer, if there is still somebody to read it. A request body that nobody has read is not read to its end either:
 * the connection closes instead.
 */
export function writeAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const body = prepare(request, response, answer)
  if (body !== null) response.end(body)
}

/**
 * The same for a body that is still on its way: browsers show the answer only once they have sent all of it, and a
 * connection that closes over unread bytes is reset before (RFC 9112 section 9.6). So what still comes is read and
 * thrown away for a while.
 */
export function writeAnswerPatiently(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (request.complete) {
    writeAnswer(request, response, answer)
    return
  }
  const body = prepare(request, response, answer)
  if (body === null) return
  let bytes = 0
  const timer = setTimeout(finish, longestPatience).unref()
  function finish(): void {
    clearTimeout(timer)
    if (!response.destroyed) response.end()
  }
  // All of it is written, and yet not over: the end is what closes the connection.
  response.write(body)
  response.once('close', () => clearTimeout(timer))
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > mostThrownAway) finish()
  })
  request.once('end', finish)
  request.once('error', finish)
  request.resume()
}

const longestPatience = 30_000
const mostThrownAway = 64 * 1_024 * 1_024

/** Sets status and headers. @returns the body that is to follow; null where nobody is there to read it. */
function prepare(request: IncomingMessage, response: ServerResponse, answer: Answer): Answer['body'] | null {
  if (response.headersSent) {
    // Half an answer of the upstream is on its way: a second one must never follow it (T48).
    response.destroy()
    return null
  }
  if (response.destroyed) return null
  response.statusCode = answer.status
  for (const [name, value] of Object.entries(answer.headers)) {
    // Beside the session's cookie, which express-session sets by itself.
    if (name.toLowerCase() === 'set-cookie') response.appendHeader(name, value)
    else response.setHeader(name, value as string | string[])
  }
  const body = contentless.has(answer.status) ? '' : answer.body
  if (!lengthless.has(answer.status)) response.setHeader('Content-Length', Buffer.byteLength(body))
  if (hasUnreadBody(request)) response.setHeader('Connection', 'close')
  return body
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
