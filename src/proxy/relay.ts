/** Passes an upstream's answer on to the caller's response, as it comes and no faster than it is taken. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import { type AnswerRules, answerHeaders, answerReason } from './response-headers.ts'

/**
 * Writes the head and lets the body flow; nothing is buffered beyond what the streams hold. A `Connection` header that
 * is already set on the response stays.
 * @throws if Node cannot send the head (a status outside 100 to 999): nothing was written then.
 */
export function relayAnswer(incoming: IncomingMessage, response: ServerResponse, rules: AnswerRules): void {
  const status = incoming.statusCode ?? 0
  response.writeHead(status, answerReason(incoming.statusMessage), answerHeaders(incoming.rawHeaders, status, rules))
  incoming.pipe(response)
  // Node holds the head back until the first byte of the body, which in a quiet event stream may take minutes.
  process.nextTick(() => {
    if (!incoming.complete && !incoming.readableDidRead && !response.destroyed) response.flushHeaders()
  })
}

/**
 * Ends the caller's connection so that the caller can tell the answer was cut short. Where only the end of the connection
 * delimits the body, an orderly end would make a part look like the whole, so the connection is reset.
 */
export function breakOff(incoming: IncomingMessage, response: ServerResponse): void {
  const delimited = response.chunkedEncoding || incoming.headers['content-length'] !== undefined
  const { socket } = response
  if (socket !== null && !delimited && !(socket instanceof TLSSocket)) socket.resetAndDestroy()
  response.destroy()
}
