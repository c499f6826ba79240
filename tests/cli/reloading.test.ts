// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type Reloading, startReloading } from '../../src/cli/reloading.ts'
import { createLoader } from '../../src/config/loader.ts'
import type { Gateway } from '../../src/core/gateway.ts'
import { createLog } from '../../src/ops/log.ts'
import { until } from '../redis.ts'
import { freePort, startUpstream } from '../stage.ts'
import { createVisitor } from '../visitor.ts'
import { startCommand } from './command.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const each of cleanUps.splice(0).reverse()) await each()
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-reloading-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'tenants'))
  return folder
}

interface Written {
  readonly level?: string
  readonly server?: string
}

function mainYaml({ level = 'info', server = '' }: Written = {}): string {
  return `version: 1
allowInlineSecrets: true
server: { log: { level: ${level} }${server} }
session: { secrets: [a-session-secret-of-the-tests-0123456789abcdef] }
providers:
  - name: contoso
    tenantId: 0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30
    clientId: 6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791
    credential: { secret: pretend }
    authority: http://localhost:1
tenantFiles: { path: tenants/*.yaml }
`
}

const tenantYaml = (name: string, more = '') => `publicUrl: https://${name}.contoso.com
providers: [contoso]
upstream: { url: 'http://10.0.0.7' }
${more}`

/** A reloading without listeners, that tells what it hands on. */
function scene() {
  const folder = newFolder()
  const main = (text: string) => writeFileSync(join(folder, 'sallyport.yaml'), text)
  const put = (name: string, text: string) => writeFileSync(join(folder, `tenants/${name}.yaml`), text)
  main(mainYaml())
  put('wiki', tenantYaml('wiki'))
  const lines: Record<string, unknown>[] = []
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(JSON.parse(line)) } })
  const taken: Gateway[] = []
  const stale: (string | null)[] = []
  const running = {
    replace: (gateway: Gateway) => {
      taken.push(gateway)
      return { tenants: gateway.tenants.length, added: [], changed: [], removed: [], tunnelsCut: 0, requestsCut: 0 }
    },
    stale: (issue: string | null) => void stale.push(issue),
  }
  function start(): Reloading {
    const loader = createLoader(join(folder, 'sallyport.yaml'), { env: {} })
    const reloading = startReloading({
      ...{ loader, first: loader.load(), running, log, adjust: (gateway: Gateway) => gateway, settleMilliseconds: 30 },
    })
    cleanUps.push(() => reloading.close())
    return reloading
  }
  const events = (name?: string) =>
    lines.filter(({ event, msg }) => name === undefined || event === name || msg === name)
  return { folder, main, put, start, running, log, taken, stale, events }
}

describe('startReloading', () => {
  test('takes what has changed in a file, by itself', async () => {
    const { put, start, taken } = scene()
    const reloading = start()
    put('shop', tenantYaml('shop'))
    await until('the new tenant', () => taken.at(-1)?.tenants.length === 2)
    expect(reloading.inForce().tenants.map(({ name }) => name)).toEqual(['shop', 'wiki'])
  })

  test('takes what has changed between the first reading and the watching', () => {
    const { put, folder, taken, running, log } = scene()
    const loader = createLoader(join(folder, 'sallyport.yaml'), { env: {} })
    const first = loader.load()
    put('shop', tenantYaml('shop'))
    startReloading({ loader, first, running, log, adjust: (gateway) => gateway }).close()
    expect(taken.map(({ tenants }) => tenants.length)).toEqual([2])
  })

  test('says aloud what gives up a protection: at the start, and when it comes', () => {
    const { put, start, events } = scene()
    const loud = "cookie: { sameSite: none, embeddedBy: ['https://portal.example'] }\n"
    put('wiki', tenantYaml('wiki', loud))
    const reloading = start()
    expect(events('loud_setting')).toHaveLength(1)
    put('shop', tenantYaml('shop', loud))
    reloading.now()
    expect(events('loud_setting').map(({ tenant, level }) => [tenant, level])).toEqual([
      ['wiki', 'warn'],
      ['shop', 'warn'],
    ])
  })

  test('hands nothing on where nothing says anything else', () => {
    const { put, start, taken, events } = scene()
    const reloading = start()
    put('wiki', `# a comment\n${tenantYaml('wiki')}`)
    reloading.now()
    reloading.now()
    expect(taken).toEqual([])
    expect(events()).toEqual([])
  })

  test('tells once of a broken configuration, keeps what was, and tells when it is over', () => {
    const { main, start, taken, stale, events } = scene()
    const reloading = start()
    main('version: 1\n')
    reloading.now()
    reloading.now()
    expect(events('configuration_refused')).toHaveLength(1)
    expect(events('configuration_refused')[0]).toMatchObject({
      issue: expect.stringMatching(/sallyport\.yaml:1:1: session/),
    })
    expect(stale).toEqual([expect.stringContaining('session: this is required')])
    main('version: 2\n')
    reloading.now()
    expect(events('configuration_refused')).toHaveLength(2)
    main(mainYaml())
    reloading.now()
    reloading.now()
    expect(events('configuration_accepted')).toHaveLength(1)
    expect(stale.at(-1)).toBe(null)
    expect(taken).toEqual([])
  })

  test('tells once of a broken tenant, and when it is whole again', () => {
    const { put, start, events, stale } = scene()
    const reloading = start()
    put('wiki', tenantYaml('wiki', 'colour: red\n'))
    reloading.now()
    reloading.now()
    expect(events('tenant_refused')).toHaveLength(1)
    expect(events('tenant_refused')[0]).toMatchObject({ tenant: 'wiki', served: 'last-good', issues: 1 })
    put('shop', 'garbage')
    reloading.now()
    expect(events('tenant_refused').map(({ tenant, served }) => [tenant, served])).toEqual([
      ['wiki', 'last-good'],
      ['shop', 'not'],
    ])
    put('wiki', tenantYaml('wiki'))
    reloading.now()
    expect(events('tenant_recovered').map(({ tenant }) => tenant)).toEqual(['wiki'])
    expect(stale).toEqual([])
  })

  test('does not say of a tenant that was taken away that it has recovered', () => {
    const { put, folder, start, events } = scene()
    put('shop', 'garbage')
    const reloading = start()
    expect(events('tenant_refused')).toHaveLength(1)
    rmSync(join(folder, 'tenants/shop.yaml'))
    reloading.now()
    expect(events('tenant_recovered')).toEqual([])
  })

  test('tells of a folder that has vanished, once, and that the configuration is stale meanwhile', async () => {
    const { folder, start, stale, events, taken } = scene()
    const reloading = start()
    renameSync(join(folder, 'tenants'), join(folder, 'away'))
    await until('the line', () => events('tenant_files_refused').length === 1)
    reloading.now()
    expect(events('tenant_files_refused')).toHaveLength(1)
    expect(stale).toEqual([expect.stringContaining('cannot be read (ENOENT)')])
    renameSync(join(folder, 'away'), join(folder, 'tenants'))
    await until('the end of it', () => stale.at(-1) === null)
    expect(events('tenant_files_accepted')).toHaveLength(1)
    expect(taken).toEqual([])
  })

  test('notices a tenant file that comes into a folder which was made anew', async () => {
    const { folder, start, taken } = scene()
    start()
    rmSync(join(folder, 'tenants'), { recursive: true })
    mkdirSync(join(folder, 'tenants'))
    writeFileSync(join(folder, 'tenants/shop.yaml'), tenantYaml('shop'))
    await until('the new tenant', () => taken.at(-1)?.tenants[0]?.name === 'shop')
  })

  test('shows no secret in what it tells (T94)', () => {
    const { main, put, start, events, stale } = scene()
    const reloading = start()
    main(mainYaml().replace('credential: { secret: pretend }', 'credential: hunter2'))
    put('wiki', 'publicUrl: nonsense\nproviders: [{ name: own, credential: { secret: hunter2 } }]\n')
    reloading.now()
    main(mainYaml())
    reloading.now()
    const text = JSON.stringify([events(), stale])
    expect(text).toContain('tenant_refused')
    expect(text).toContain('configuration_refused')
    expect(text).not.toContain('hunter2')
  })
})

describe('sallyport serve', () => {
  /** The real program with one tenant file; the paths of a route show which form is in force. */
  async function serving() {
    const folder = newFolder()
    const upstream = await startUpstream()
    cleanUps.push(() => upstream.close())
    const port = await freePort()
    const put = (routes: string, more = '') => {
      const text = `publicUrl: http://wiki.localhost:${port}\nproviders: [contoso]\nupstream: { url: '${upstream.origin}' }\nroutes: [${routes}]\n${more}`
      // As the documents tell people to do it: whole, or not at all.
      writeFileSync(join(folder, 'wiki.next'), text)
      renameSync(join(folder, 'wiki.next'), join(folder, 'tenants/wiki.yaml'))
    }
    put('{ path: /one, access: public }')
    const listeners = `, listen: '127.0.0.1:${port}', management: '127.0.0.1:0', drain: 1s`
    const main = (text: string) => writeFileSync(join(folder, 'sallyport.yaml'), text)
    main(mainYaml({ server: listeners }))
    const command = startCommand(['serve', '-c', join(folder, 'sallyport.yaml')])
    cleanUps.push(async () => {
      command.child.kill('SIGKILL')
      await command.ended
    })
    await command.says('"serving"')
    const visitor = createVisitor()
    cleanUps.push(() => visitor.close())
    const status = async (path: string) => (await visitor.ask(`http://wiki.localhost:${port}${path}`)).status
    const lines = (event: string) => command.stdout().split(`"${event}"`).length - 1
    return { folder, put, main, listeners, command, status, lines }
  }

  test('takes a changed tenant file within seconds, without being told', async () => {
    const { put, status, lines } = await serving()
    expect([await status('/one'), await status('/two')]).toEqual([200, 404])
    put('{ path: /two, access: public }')
    await until('the new route', async () => (await status('/two')) === 200, 5_000)
    expect(await status('/one')).toBe(404)
    expect(lines('reloaded')).toBe(1)
  })

  test('reads at once on SIGHUP, and lives on when there is nothing new', async () => {
    const { put, status, command } = await serving()
    for (let times = 0; times < 3; times++) command.child.kill('SIGHUP')
    put('{ path: /two, access: public }')
    command.child.kill('SIGHUP')
    await until('the new route', async () => (await status('/two')) === 200, 5_000)
    expect(command.child.exitCode).toBe(null)
  })

  test('goes on with the last good form of a broken file, and says so in its log', async () => {
    const { put, main, listeners, status, lines } = await serving()
    put('{ path: /two, access: public }', 'colour: red\n')
    await until('the line', () => lines('tenant_refused') === 1, 5_000)
    expect([await status('/one'), await status('/two')]).toEqual([200, 404])
    main('nonsense: [')
    await until('the line', () => lines('configuration_refused') === 1, 5_000)
    expect(await status('/one')).toBe(200)
    main(mainYaml({ server: listeners }))
    put('{ path: /two, access: public }')
    await until('the new route', async () => (await status('/two')) === 200, 5_000)
    expect([lines('tenant_recovered'), lines('configuration_accepted')]).toEqual([1, 1])
  })
})
