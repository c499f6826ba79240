import { createServer, type Server } from 'node:net'
import { expect, test } from 'vitest'
import { openPort } from '../../src/emulator/listen.ts'

function take(host: string, port: number): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host }, () => resolve(server))
  })
}

const hasIpv6 = await take('::1', 0).then(
  (server) => Boolean(server.close()),
  () => false,
)

test('openPort lets a request wait that comes before there is anybody to answer it', async () => {
  const port = await openPort()
  const early = fetch(port.origin)
  port.serve({ request: (_request, response) => response.end('served') })
  expect(await (await early).text()).toBe('served')
  await port.close()
})

test('openPort answers on IPv4, and on IPv6 where the machine has it', async () => {
  const port = await openPort()
  port.serve({ request: (_request, response) => response.end('served') })
  const { port: number } = new URL(port.origin)
  for (const host of hasIpv6 ? ['127.0.0.1', '[::1]'] : ['127.0.0.1']) {
    expect((await fetch(`http://${host}:${number}`)).status).toBe(200)
  }
  await port.close()
})

test('openPort rejects a port that is taken', async () => {
  const port = await openPort()
  await expect(openPort({ port: Number(new URL(port.origin).port) })).rejects.toThrow('EADDRINUSE')
  await port.close()
})

test.skipIf(!hasIpv6)(
  'openPort rejects a port that is taken on IPv6 only (skipped where there is no ::1)',
  async () => {
    const free = await openPort()
    const port = Number(new URL(free.origin).port)
    await free.close()
    const other = await take('::1', port)
    await expect(openPort({ port })).rejects.toThrow('[::1]')
    other.close()
    const now = await openPort({ port })
    await now.close()
  },
)
