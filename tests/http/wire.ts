/** Bytes on a socket, sent as they are: what a client library would tidy up is what these tests are about. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface WireAnswer {
  readonly status: number
  readonly head: string
  /** One character per byte, without the marks of chunks. */
  readonly body: string
}

export interface Wire {
  readonly socket: Socket
  /** Text goes out as Latin-1, one byte per character. */
  send(bytes: string | Buffer): void
  /** The next whole answer, interim ones aside; null when the connection ends before there is one. */
  answer(how?: { readonly milliseconds?: number; readonly toHead?: boolean }): Promise<WireAnswer | null>
  /** What has arrived since the last answer, as Latin-1. */
  rest(): string
  /** Resolves when the connection is closed, however; false when it is still open after that time. */
  closed(milliseconds?: number): Promise<boolean>
  end(): void
}

/** Opens a connection to the host of an origin. */
export async function openWire(origin: string): Promise<Wire> {
  const { port } = new URL(origin)
  const socket = connect(Number(port), '127.0.0.1')
  let received = ''
  let over = false
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    received += text
    tell()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    over = true
    tell()
  })
  await once(socket, 'connect')

  /** Resolves with what `look` finds, or null when the time is up. */
  function wait<T>(look: () => T | null, milliseconds: number): Promise<T | null> {
    return new Promise((resolve) => {
      const finish = (found: T | null) => {
        listeners.delete(again)
        clearTimeout(timer)
        resolve(found)
      }
      const again = () => {
        const found = look()
        if (found !== null || over) finish(found)
      }
      const timer = setTimeout(() => finish(null), milliseconds)
      listeners.add(again)
      again()
    })
  }

  return {
    socket,
    send(bytes) {
      socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
    },
    answer({ milliseconds = 8_000, toHead = false } = {}) {
      return wait(() => {
        const found = firstAnswer(received, over || toHead)
        if (found === null) return null
        received = received.slice(found.length)
        return found.answer
      }, milliseconds)
    },
    rest: () => received,
    closed: async (milliseconds = 8_000) => (await wait(() => (over ? true : null), milliseconds)) === true,
    end: () => socket.destroy(),
  }
}

/** One request on a connection of its own, and its answer. */
export async function speak(origin: string, bytes: string | Buffer): Promise<WireAnswer | null> {
  const wire = await openWire(origin)
  wire.send(bytes)
  const answer = await wire.answer({ toHead: bytes.toString().startsWith('HEAD ') })
  wire.end()
  return answer
}

/** The bytes of a request; Host is the origin's unless the lines have one. */
export function bytesOf(origin: string, line: string, lines: readonly string[] = [], body = ''): string {
  const hasHost = lines.some((each) => /^host\s*:/i.test(each))
  const all = [`${line} HTTP/1.1`, ...(hasHost ? [] : [`Host: ${new URL(origin).host}`]), ...lines]
  return `${all.join('\r\n')}\r\n\r\n${body}`
}

/** The header lines of a WebSocket handshake. */
export function handshake(origin: string): readonly string[] {
  return [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Origin: ${origin}`,
  ]
}

function firstAnswer(text: string, over: boolean): { readonly answer: WireAnswer; readonly length: number } | null {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return null
  const head = text.slice(0, end)
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0)
  const from = end + 4
  if (status >= 100 && status < 200 && status !== 101) {
    const next = firstAnswer(text.slice(from), over)
    return next === null ? null : { answer: next.answer, length: from + next.length }
  }
  // An answer to HEAD ends with its head, whatever that states; so does what is left of a cut connection.
  const whole = (body: string, length: number) => ({ answer: { status, head, body }, length: from + length })
  if (status === 101 || status === 204 || status === 304) return whole('', 0)
  const stated = /^content-length: *(\d+)/im.exec(head)?.[1]
  if (stated !== undefined) {
    const length = Number(stated)
    if (text.length < from + length) return over ? whole(text.slice(from), text.length - from) : null
    return whole(text.slice(from, from + length), length)
  }
  if (/^transfer-encoding: *chunked/im.test(head) && !over) return dechunked(text.slice(from), whole)
  return over ? whole(text.slice(from), text.length - from) : null
}

function dechunked<T>(text: string, whole: (body: string, length: number) => T): T | null {
  let body = ''
  for (let at = 0; ; ) {
    const line = text.indexOf('\r\n', at)
    if (line === -1) return null
    const size = Number.parseInt(text.slice(at, line), 16)
    const next = line + 2 + size + 2
    if (text.length < next) return null
    if (size === 0) return whole(body, next)
    body += text.slice(line + 2, next - 2)
    at = next
  }
}
