/** An application in a process of its own that takes WebSockets and says nothing on them. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const server = createServer((request, response) => {
  request.resume()
  const user = request.headers['x-forwarded-preferred-username'] ?? null
  response.end(JSON.stringify({ application: true, user, bytes: 0 }))
})
server.on('upgrade', (request, socket) => {
  socket.on('error', () => socket.destroy())
  socket.resume()
  socket.on('end', () => socket.end())
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = createHash('sha1').update(key).digest('base64')
  const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
  socket.write(`${[...head, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`)
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.once('disconnect', () => process.exit(0))
