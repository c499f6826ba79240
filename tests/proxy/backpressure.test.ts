/** Whoever stops reading holds the sender back, and fills nobody's memory: bodies and WebSockets, both ways. */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { onTestFinished, test } from 'vitest'
import { acceptValue } from '../../src/proxy/websocket-accept.ts'
import { startMeasured } from './measured.ts'
import { call, listening } from './stand-ins.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const megabyte = Buffer.alloc(2 ** 20, 'x')
const all = 200

/** An application of one connection: `onHead` is told when a head has come. */
async function startApplication(onHead: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => onHead(socket))
    onTestFinished(() => void socket.destroy())
  })
  onTestFinished(() => void server.close())
  return await listening(server)
}

/** Sends 200 MB as fast as they are taken. */
function pour(sink: Socket): { readonly sent: () => number } {
  let sent = 0
  const push = () => {
    while (sent < all && !sink.destroyed) {
      sent += 1
      if (!sink.write(megabyte)) return void sink.once('drain', push)
    }
  }
  push()
  return { sent: () => sent }
}

/** Resolves when a number has not changed for half a second. */
async function settled(read: () => number): Promise<number> {
  for (let last = -1; ; ) {
    const now = read()
    if (now === last) return now
    last = now
    const until = performance.now() + 500
    while (performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const handshake = `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`
const accepted = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${acceptValue(key)}\r\n\r\n`
const length = all * megabyte.length

for (const [what, request, answer, from] of [
  [
    'a download',
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`,
    'application',
  ],
  ['an upload', `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length + 1}\r\n\r\nx`, null, 'caller'],
  ['a WebSocket of the application', handshake, accepted, 'application'],
  ['a WebSocket of the caller', handshake, accepted, 'caller'],
] as const) {
  test(`forward and tunnel hold ${what} back while nobody reads it, in bounded memory, and lose nothing of it`, async ({
    expect,
  }) => {
    let application: Socket | null = null
    const port = await startApplication((socket) => {
      application = socket
      socket.pause()
      if (answer !== null) socket.write(answer)
    })
    const gate = await startMeasured(port)
    const caller = call(gate.port, request)
    while (application === null) await new Promise((resolve) => setTimeout(resolve, 10))
    const other = application as Socket
    while (answer !== null && !caller.text().includes('\r\n\r\n'))
      await new Promise((resolve) => setTimeout(resolve, 10))
    caller.socket.pause()
    const [source, sink] = from === 'caller' ? [caller.socket, other] : [other, caller.socket]
    await settled(() => Math.min(gate.sizes.length, 1))
    const before = Math.max(...gate.sizes)
    let received = 0
    sink.removeAllListeners('data')
    sink.on('data', (bytes: Buffer) => {
      received += bytes.length
    })
    sink.pause()
    const { sent } = pour(source)
    expect(await settled(sent)).toBeLessThan(100)
    expect(Math.max(...gate.sizes) - before).toBeLessThan(60)
    sink.resume()
    while (received < length) await once(sink, 'data')
    expect(sent()).toBe(all)
    expect(Math.max(...gate.sizes) - before).toBeLessThan(120)
  }, 15_000)
}
