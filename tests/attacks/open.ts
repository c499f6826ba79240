/** Everything that a person can hold open at a gateway, over raw sockets, and an application that holds it open too. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { acceptValue } from '../../src/proxy/websocket-accept.ts'
import { bytesOf, handshake, openWire, type Wire } from '../http/wire.ts'
import type { Upstream } from '../stage.ts'

export const kinds = [
  ...(['websocket', 'events', 'download', 'unmarked download', 'poll', 'upload'] as const),
  // An event stream in answer to a handshake: the application does not look at `Upgrade`.
  'declined upgrade',
] as const
export type Kind = (typeof kinds)[number]

/** Something that is open. */
export interface Open {
  readonly kind: Kind
  readonly wire: Wire
  /** Both ends live. */
  isOpen(): boolean
  /** The application's end is closed, and the caller has been cut off or answered. */
  isOver(): boolean
  /** The end of the connection cannot be taken for the end of the answer. */
  wasReset(): boolean
  /** What the caller has got by now. */
  got(): string
  /** What the application has got beside the head, in bytes. */
  received(): number
  /** The application says something. */
  say(text: string): void
}

export interface Openings {
  /** Resolves when both ends live. @param at of the gateway. @param lines of the header, with the cookie. */
  open(kind: Kind, at: Place, lines?: readonly string[]): Promise<Open>
  /** One of each. */
  openAll(at: Place, lines?: readonly string[]): Promise<readonly Open[]>
  end(): void
}

export interface Place {
  /** As browsers know it. */
  readonly origin: string
  /** Where to connect to; that of the origin when not given. */
  readonly port?: number
  /** `/` when not given. */
  readonly folder?: string
}

interface ApplicationEnd {
  open: boolean
  received: number
  say(text: string): void
}

export function createOpenings(upstream: Upstream): Openings {
  const ends = new Map<string, ApplicationEnd>()
  const wires: Wire[] = []
  let count = 0

  function note(request: IncomingMessage, sink: Duplex | ServerResponse): ApplicationEnd {
    const end: ApplicationEnd = { open: true, received: 0, say: (text) => void sink.write(text) }
    ends.set(nameIn(request.url), end)
    sink.on('error', () => {})
    sink.on('close', () => {
      end.open = false
    })
    return end
  }

  upstream.handle((request, response) => {
    const kind = kinds.find((each) => request.url?.split('?')[0]?.endsWith(`/${pathOf(each)}`))
    if (kind === undefined) return false
    const end = note(request, response)
    request.on('error', () => {})
    request.on('data', (chunk: Buffer) => {
      end.received += chunk.length
    })
    if (kind === 'events') response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: begin\n\n')
    if (kind === 'download') response.writeHead(200, { 'Content-Length': 1_000_000_000 }).write('begin')
    if (kind === 'unmarked download') response.writeHead(200).write('begin')
    return true
  })
  upstream.server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    const end = note(request, socket)
    socket.on('data', (chunk: Buffer) => {
      end.received += chunk.length
    })
    // The server would leave its half open.
    socket.on('end', () => socket.end())
    if (request.url?.includes(pathOf('declined upgrade'))) {
      return void socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: begin\n\n')
    }
    const accept = acceptValue(String(request.headers['sec-websocket-key']))
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\nbegin`,
    )
  })

  async function open(kind: Kind, { origin, port, folder = '/' }: Place, lines: readonly string[] = []): Promise<Open> {
    count += 1
    const name = `n${count}`
    const wire = await openWire(port === undefined ? origin : `http://127.0.0.1:${port}`)
    wires.push(wire)
    wire.send(requestFor(kind, { origin, path: `${folder}${pathOf(kind)}?${name}` }, lines))
    let over = false
    let reset = false
    wire.socket.on('error', (error: NodeJS.ErrnoException) => {
      reset = error.code === 'ECONNRESET'
    })
    wire.socket.on('close', () => {
      over = true
    })
    const end = () => ends.get(name)
    const began = () => waits.has(kind) || wire.rest().includes('begin')
    const answered = () => /^HTTP\/1\.1 [45]/.test(wire.rest())
    const opened: Open = {
      ...{ kind, wire },
      isOpen: () => end()?.open === true && !over && began() && !answered(),
      isOver: () => end()?.open === false && (over || answered()),
      wasReset: () => reset,
      got: () => wire.rest(),
      received: () => end()?.received ?? 0,
      say: (text) => end()?.say(text),
    }
    const deadline = performance.now() + 10_000
    while (!opened.isOpen()) {
      if (performance.now() > deadline || over) throw new Error(`${kind} does not open: ${wire.rest()}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return opened
  }

  return {
    open,
    openAll: (at, lines) => Promise.all(kinds.map((kind) => open(kind, at, lines))),
    end() {
      for (const wire of wires.splice(0)) wire.end()
    },
  }
}

/** Nothing comes of these before they are done. */
const waits: ReadonlySet<Kind> = new Set<Kind>(['poll', 'upload'])

function pathOf(kind: Kind): string {
  return kind.replace(' ', '-')
}

function nameIn(url: string | undefined): string {
  return url?.split('?')[1] ?? ''
}

function requestFor(kind: Kind, { origin, path }: { origin: string; path: string }, lines: readonly string[]): string {
  if (kind === 'websocket' || kind === 'declined upgrade')
    return bytesOf(origin, `GET ${path}`, [...handshake(origin), ...lines])
  if (kind === 'upload') return bytesOf(origin, `POST ${path}`, ['Content-Length: 1000000000', ...lines], 'begin')
  const request = bytesOf(origin, `GET ${path}`, lines)
  // Its answer has no length and no chunks: only the end of the connection says where it ends.
  return kind === 'unmarked download' ? request.replace('HTTP/1.1', 'HTTP/1.0') : request
}
