/**
 * An application that is nothing but bytes: it takes what it is sent apart by the letter of RFC 9112, so that one request
 * too many, or one that could be read in two ways, shows.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

export interface Recorded {
  readonly method: string
  readonly target: string
  /** Without the line of the request. */
  readonly head: string
  readonly body: string
  /** Which connection it came by, counted from 0. */
  readonly connection: number
}

export interface Recorder {
  readonly origin: string
  readonly port: number
  readonly requests: Recorded[]
  /** What was wrong with what came: empty as long as every byte belonged to one well-formed request. */
  readonly faults: string[]
  /** How many connections there have been, and how many are open. */
  connections(): number
  open(): number
  /** What answers the next requests; null: `answer to <method> <target>`. It may write whatever it likes. */
  handle(answer: ((request: Recorded, socket: Socket) => void) | null): void
  /** Answers as soon as there is a head, and takes what follows for the next request, as servers do that ignore bodies. */
  ignoreBodies(ignore: boolean): void
  reset(): void
  close(): Promise<void>
}

/** An answer with the body, whose length is stated. */
export function plainAnswer(body: string, lines: readonly string[] = []): string {
  return ['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...lines, '', body].join('\r\n')
}

export async function startRecorder(): Promise<Recorder> {
  const requests: Recorded[] = []
  const faults: string[] = []
  const sockets = new Set<Socket>()
  let handler: ((request: Recorded, socket: Socket) => void) | null = null
  let ignoring = false
  let count = 0
  const server = createServer((socket) => {
    const connection = count++
    let pending = ''
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      pending += text
      for (;;) {
        const read = readRequest(pending, ignoring)
        if (read === 'more') return
        if (typeof read === 'string') {
          faults.push(`${read}: ${JSON.stringify(pending.slice(0, 300))}`)
          return void socket.destroy()
        }
        pending = pending.slice(read.length)
        const request = { ...read.request, connection }
        requests.push(request)
        if (handler === null) socket.write(plainAnswer(`answer to ${request.method} ${request.target}`))
        else handler(request, socket)
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    ...{ port, requests, faults },
    connections: () => count,
    open: () => sockets.size,
    handle(answer) {
      handler = answer
    },
    ignoreBodies(ignore) {
      ignoring = ignore
    },
    reset() {
      requests.length = 0
      faults.length = 0
      handler = null
      ignoring = false
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

type Read = { readonly request: Omit<Recorded, 'connection'>; readonly length: number }

/** @returns the first request in the text; `more` while it is not whole; or what is wrong with it. */
function readRequest(text: string, ignoresBody: boolean): Read | string {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return text.length > 100_000 ? 'a head without end' : 'more'
  const [line = '', ...lines] = text.slice(0, end).split('\r\n')
  const [, method = '', target = ''] = /^([A-Z-]+) (\/[^ ]*) HTTP\/1\.1$/.exec(line) ?? []
  if (method === '') return ignoresBody ? 'more' : 'no request line'
  const odd = lines.find((each) => !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/.test(each))
  if (odd !== undefined) return 'no header line'
  const valuesOf = (name: string) =>
    lines.flatMap((each) => (each.toLowerCase().startsWith(`${name}:`) ? [each.slice(name.length + 1).trim()] : []))
  const lengths = valuesOf('content-length')
  const codings = valuesOf('transfer-encoding')
  if (lengths.length + codings.length > 1) return 'two framings'
  if (valuesOf('host').length !== 1) return 'not one Host'
  const from = end + 4
  const made = (body: string, length: number): Read => ({
    request: { method, target, head: lines.join('\r\n'), body },
    length: from + length,
  })
  if (ignoresBody) return made('', 0)
  const [length] = lengths
  if (length !== undefined) {
    if (!/^\d{1,15}$/.test(length)) return 'no length'
    return text.length < from + Number(length) ? 'more' : made(text.slice(from, from + Number(length)), Number(length))
  }
  const [coding] = codings
  if (coding === undefined) return made('', 0)
  return coding === 'chunked' ? chunkedBody(text.slice(from), made) : 'another coding'
}

/** Chunks as we ask for them: no extensions, no trailers. */
function chunkedBody(text: string, made: (body: string, length: number) => Read): Read | string {
  let body = ''
  for (let at = 0; ; ) {
    const line = text.indexOf('\r\n', at)
    if (line === -1) return text.length - at > 20 ? 'a chunk without size' : 'more'
    const size = text.slice(at, line)
    if (!/^[0-9a-f]{1,8}$/i.test(size)) return 'no size of a chunk'
    const next = line + 2 + Number.parseInt(size, 16)
    if (text.length < next + 2) return 'more'
    if (text.slice(next, next + 2) !== '\r\n') return 'a chunk of another size'
    if (Number.parseInt(size, 16) === 0) return made(body, next + 2)
    body += text.slice(line + 2, next)
    at = next + 2
  }
}
