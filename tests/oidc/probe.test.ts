import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { createEgress } from '../../src/oidc/egress.ts'
import { createProbe } from '../../src/oidc/probe.ts'
import { contoso } from '../core/build.ts'
import { straight } from '../credentials.ts'

const run = promisify(execFile)
const servers: Server[] = []
const egress = createEgress(() => straight)
afterEach(() => {
  for (const each of servers.splice(0)) each.close().closeAllConnections()
})

/** A provider that answers with these statuses; null: it closes the connection. */
async function provider({ document = 200, token = 400 }: { document?: number | null; token?: number | null }) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url?.split('?', 1)[0]}`)
    const status = request.method === 'POST' ? token : document
    if (status === null) request.socket.destroy()
    else response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('{}')
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { origin, asked, server }
}

function probeOf(origin: string, knowsToken = true) {
  const metadata = { token_endpoint: knowsToken ? `${origin}/token` : undefined }
  const known = () => ({ serverMetadata: () => metadata })
  const probe = createProbe({ ask: egress.fetch, providers: { known } as never })
  return probe({ ...contoso, authority: origin })
}

describe('createProbe', () => {
  for (const [what, statuses, answers] of [
    ['that answers', {}, true],
    ['that knows no such directory', { document: 400 }, true],
    ['that asks for less', { token: 429 }, true],
    ['that sends on', { document: 302 }, true],
    ['whose discovery fails', { document: 503 }, false],
    ['whose token endpoint fails', { token: 500 }, false],
    ['whose token endpoint hangs up', { token: null }, false],
    ['that hangs up', { document: null }, false],
  ] as const) {
    test(`createProbe takes a provider ${what} for ${answers ? 'there' : 'silent'}`, async () => {
      const { origin, asked } = await provider(statuses)
      expect(await probeOf(origin)).toBe(answers)
      expect(asked.some((line) => line === 'POST /token')).toBe(true)
      expect(asked.some((line) => line.includes('elsewhere'))).toBe(false)
    })
  }

  test('createProbe takes nobody at the other end for silence', async () => {
    const { origin, server } = await provider({})
    await new Promise((resolve) => server.close(resolve))
    expect(await probeOf(origin)).toBe(false)
  })

  test('createProbe takes it for nobody’s silence where this machine has nothing left to ask with (T54)', async () => {
    const { origin, server } = await provider({})
    await new Promise((resolve) => server.close(resolve))
    const script = `
      import { openSync } from 'node:fs'
      import { createEgress } from '${new URL('../../src/oidc/egress.ts', import.meta.url)}'
      import { createProbe } from '${new URL('../../src/oidc/probe.ts', import.meta.url)}'
      const egress = createEgress(() => (${JSON.stringify(straight)}))
      const probe = createProbe({ ask: egress.fetch, providers: { known: () => undefined } })
      const ask = (authority) => probe({ ...${JSON.stringify(contoso)}, authority })
      const [address, name] = ['${origin}', '${origin.replace('127.0.0.1', 'nobody.localhost')}']
      const before = [await ask(address), await ask(name)]
      try { for (;;) openSync('/dev/null', 'r') } catch {}
      process.stdout.write(JSON.stringify([...before, await ask(address), await ask(name)]))
      process.exit()`
    const { stdout } = await run('sh', [
      '-c',
      'ulimit -n 150; exec "$0" --input-type=module -e "$1"',
      process.execPath,
      script,
    ])
    expect(JSON.parse(stdout)).toEqual([false, false, null, null])
  })

  test('createProbe asks no token endpoint that is not known', async () => {
    const { origin, asked } = await provider({ token: 500 })
    expect(await probeOf(origin, false)).toBe(true)
    expect(asked).toHaveLength(1)
  })
})
