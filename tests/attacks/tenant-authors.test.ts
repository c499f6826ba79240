// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
/** Somebody who may write the file of one tenant, and writes into it what could reach beyond that tenant. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { createLoader } from '../../src/config/loader.ts'
import { createLog } from '../../src/ops/log.ts'
import { type Running, serve } from '../../src/serve.ts'
import { bytesOf, speak } from '../http/wire.ts'
import { freePort, type Seen, stageYaml, startUpstream, type Upstream } from '../stage.ts'
import { attack } from './attack.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-authors-'))
const main = join(folder, 'sallyport.yaml')
/** Of the gateway, or of the other tenant: none of the author's business. */
const hidden = ['a-secret-in-a-file-of-the-gateway', 'a-secret-in-its-environment', 'a-secret-of-the-other-tenant']
const lines: string[] = []
let running: Running
let upstreams: { readonly own: Upstream; readonly other: Upstream }
let loader: ReturnType<typeof createLoader>
let port: number
let managementPort: number

beforeAll(async () => {
  port = await freePort()
  upstreams = { own: await startUpstream(), other: await startUpstream() }
  for (const name of ['tenants', 'secrets', 'secrets/own', 'secrets/other']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'gateway.secret'), hidden[0] ?? '')
  writeFileSync(join(folder, 'secrets/other/key'), hidden[2] ?? '')
  writeFileSync(join(folder, 'secrets/own/key'), 'what is their own')
  managementPort = await freePort()
  const places = { port, managementPort, upstream: upstreams.other.origin, authority: 'http://127.0.0.1:9' }
  const server = `, trustedProxies: [10.0.0.1]`
  writeFileSync(main, `${stageYaml({ ...places, server })}tenantFiles: { path: tenants/*.yaml, secrets: secrets }\n`)
  writeTenant('other', { upstream: `{ url: '${upstreams.other.origin}' }`, routes: '[{ path: /, access: signed-in }]' })
  writeTenant('own', {})
  loader = createLoader(main, { env: { GATEWAY_SECRET: hidden[1] ?? '' } })
  const { gateway, issues } = loader.load()
  expect(issues).toEqual([])
  running = await serve(gateway, createLog({ level: 'debug', destination: { write: (line) => void lines.push(line) } }))
})
afterAll(async () => {
  await running.end({ lameDuckSeconds: 0 })
  await upstreams.own.close()
  await upstreams.other.close()
  rmSync(folder, { recursive: true })
})

/** The file of a tenant, open to everybody unless the keys say otherwise. */
function writeTenant(name: string, keys: Readonly<Record<string, string>>): void {
  const all = {
    publicUrl: `http://${name}.localhost:${port}`,
    providers: '[contoso]',
    upstream: `{ url: '${upstreams.own.origin}' }`,
    routes: '[{ path: /, access: public }]',
    ...keys,
  }
  const text = Object.entries(all).map(([key, value]) => `${key}: ${value}\n`)
  writeFileSync(join(folder, 'tenants', `${name}.yaml`), text.join(''))
}

const ask = (host: string) =>
  speak(`http://localhost:${port}`, bytesOf(`http://localhost:${port}`, 'GET /x', [`Host: ${host}.localhost:${port}`]))

/** The author's own place is what it was before, and so is everybody else's. */
async function expectNothingGained(what: string): Promise<void> {
  const [own, other] = [upstreams.own.seen.length, upstreams.other.seen.length]
  const answers = [await ask('own'), await ask('other')]
  expect([what, ...answers.map((answer) => answer?.status)]).toEqual([what, 200, 401])
  const seen: readonly Seen[] = upstreams.own.seen.slice(own)
  expect([what, seen.length, upstreams.other.seen.length]).toEqual([what, 1, other])
  for (const text of hidden) {
    expect(JSON.stringify([answers, seen]), what).not.toContain(text)
    expect(lines.join(''), what).not.toContain(text)
  }
}

attack('T125', 'gets only their own: no secret, no metadata address, no host, file or socket of others', async () => {
  // The way itself is open: what is theirs is taken, and given out again.
  const saying = (text: string) => ({ routes: `[{ path: /, access: public, respond: { body: '${text}' } }]` })
  for (const [keys, body] of [
    [saying('${file:key}'), /^what is their own$/],
    [{}, /"url":"\/x"/],
  ] as const) {
    writeTenant('own', keys)
    const { gateway, issues } = loader.load()
    expect(issues).toEqual([])
    running.replace(gateway)
    expect((await ask('own'))?.body).toMatch(body)
  }
  const other = `http://other.localhost:${port}`
  for (const keys of [
    ...['${file:gateway.secret}', '${file:../gateway.secret}', `\${file:${folder}/gateway.secret}`].map(saying),
    ...['${file:../other/key}', '${file:other/key}', '${file:/proc/self/environ}', '${env:GATEWAY_SECRET}'].map(saying),
    { upstream: "{ url: 'http://${env:GATEWAY_SECRET}.example' }" },
    { branding: "{ name: '${file:../gateway.secret}' }" },
    ...['169.254.169.254', '[::ffff:169.254.169.254]', '2852039166', '0xa9fea9fe', 'metadata.google.internal'].flatMap(
      (host) => [
        { upstream: `{ url: 'http://${host}' }` },
        { routes: `[{ path: /, access: public, upstream: { url: 'http://${host}' } }]` },
      ],
    ),
    { upstream: `{ url: 'http://127.0.0.1:${managementPort}' }` },
    { upstream: "{ url: 'http://app', socket: /run/docker.sock }" },
    { publicUrl: other },
    { aliases: `['${other}']` },
    { publicUrl: `http://localhost:${port}` },
    { server: '{ trustedProxies: [127.0.0.1] }' },
    { session: '{ secrets: [a-secret-of-my-own-that-is-long-enough-0123] }' },
    { tenantFiles: '{ path: /etc/*.yaml }' },
  ] as readonly Readonly<Record<string, string>>[]) {
    const what = JSON.stringify(keys)
    writeTenant('own', keys)
    const { gateway, issues } = loader.load()
    expect([what, issues.length > 0]).toEqual([what, true])
    expect(JSON.stringify(issues), what).not.toContain(hidden[0])
    running.replace(gateway)
    await expectNothingGained(what)
  }
  // The gateway itself is no way to others either: there they are whoever they were.
  for (const [host, status] of [
    ['own', 400],
    ['other', 401],
  ] as const) {
    writeTenant('own', { upstream: `{ url: 'http://127.0.0.1:${port}', host: '${host}.localhost:${port}' }` })
    const { gateway, issues } = loader.load()
    expect(issues).toEqual([])
    running.replace(gateway)
    const before = upstreams.other.seen.length
    expect([host, (await ask('own'))?.status]).toEqual([host, status])
    expect(upstreams.other.seen.length).toBe(before)
  }
})
