/** The two heads of a WebSocket handshake that we judge and write ourselves (RFC 6455 section 4). */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { connectionTokens } from '../core/answer/connection.ts'

/**
 * Whether an upstream has really agreed to speak WebSocket: 101, both upgrade headers, and the proof made of the key that
 * went out (RFC 6455 section 4.1). Anything else could be an answer that was steered into looking like one.
 */
export function isAccepted(incoming: IncomingMessage, key: unknown): boolean {
  const { upgrade, connection } = incoming.headers
  if (typeof key !== 'string' || incoming.statusCode !== 101) return false
  if (upgrade?.toLowerCase() !== 'websocket' || !connectionTokens(connection ?? '').includes('upgrade')) return false
  return incoming.headers['sec-websocket-accept'] === acceptValue(key)
}

/** Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 section 4.2.2). */
export function acceptValue(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** A response head as bytes. `headers` are names and values in turn, header-safe; they leave as latin1. */
export function headBytes(statusLine: string, headers: readonly string[]): Buffer {
  let text = `HTTP/1.1 ${statusLine}\r\n`
  for (let at = 0; at + 1 < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`
  return Buffer.from(`${text}\r\n`, 'latin1')
}
