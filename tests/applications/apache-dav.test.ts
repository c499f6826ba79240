import { chmodSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, type Reply, signIn, type Visitor } from '../visitor.ts'
import { apachePath, startApache } from './apache.ts'
import { type Daemon, programMissing } from './daemon.ts'
import { tenantOf } from './page.ts'

describe.skipIf(programMissing(apachePath, 'apache2-bin'))('WebDAV in Apache behind the gateway', () => {
  let apache: Daemon
  let stage: Stage
  let uwe: Visitor

  beforeAll(async () => {
    apache = await startApache()
    const routes = '- { path: /files/private, access: [admin] }\n- { path: /, access: signed-in }'
    stage = await startStage({ ...tenantOf('Apache with CGI programs'), routes, upstreamUrl: apache.origin })
    uwe = createVisitor()
    await signIn(uwe, `${stage.origin}/environment`, 'uwe@contoso.example')
  })
  afterAll(async () => {
    uwe?.close()
    await stage?.close()
    await apache?.stop()
  })

  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Reply> =>
    uwe.ask(`${stage.origin}/files${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
  const files = () => readdirSync(join(apache.folder, 'files')).toSorted()

  test('says what it can do, and makes collections', async () => {
    const options = await ask('OPTIONS', '/')
    expect(options.headers.dav).toContain('1,2')
    expect(options.headers.allow).toContain('PROPFIND')
    expect((await ask('MKCOL', '/letters')).status).toBe(201)
    expect((await ask('MKCOL', '/letters')).status).toBe(405)
  })

  test('looks as deep as Depth says', async () => {
    await ask('PUT', '/letters/one.txt', {}, 'one')
    const names = async (depth: string) => {
      const { status, body } = await ask('PROPFIND', '/letters/', { depth })
      expect(status).toBe(207)
      return [...body.matchAll(/<D:href>([^<]*)/g)].map(([, name]) => name)
    }
    expect(await names('0')).toEqual(['/files/letters/'])
    expect(await names('1')).toEqual(['/files/letters/', '/files/letters/one.txt'])
  })

  test('copies and moves to a Destination at the public address, which is the Host that it sees', async () => {
    await ask('PUT', '/a.txt', {}, 'a')
    expect((await ask('COPY', '/a.txt', { destination: `${stage.origin}/files/b.txt` })).status).toBe(201)
    expect((await ask('MOVE', '/b.txt', { destination: `${stage.origin}/files/c.txt` })).status).toBe(201)
    expect(files()).toEqual(expect.arrayContaining(['a.txt', 'c.txt']))
    expect(files()).not.toContain('b.txt')
  })

  test('moves to a Destination that is written with https, as people behind TLS do', async () => {
    await ask('PUT', '/d.txt', {}, 'd')
    const destination = `${stage.origin.replace('http:', 'https:')}/files/e.txt`
    expect((await ask('MOVE', '/d.txt', { destination })).status).toBe(201)
    expect(files()).toContain('e.txt')
  })

  test('overwrites only when Overwrite lets it', async () => {
    await ask('PUT', '/f.txt', {}, 'f')
    await ask('PUT', '/g.txt', {}, 'g')
    const destination = `${stage.origin}/files/g.txt`
    expect((await ask('COPY', '/f.txt', { destination, overwrite: 'F' })).status).toBe(412)
    expect((await ask('GET', '/g.txt')).body).toBe('g')
    expect((await ask('COPY', '/f.txt', { destination, overwrite: 'T' })).status).toBe(204)
    expect((await ask('GET', '/g.txt')).body).toBe('f')
  })

  test('keeps a lock, and opens it to who has the token in If', async () => {
    await ask('PUT', '/h.txt', {}, 'h')
    const wish = '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'
    const locked = await ask('LOCK', '/h.txt', { timeout: 'Second-60', depth: '0' }, wish)
    expect(locked.status).toBe(200)
    const token = String(locked.headers['lock-token'])
    expect(token).toMatch(/^<opaquelocktoken:/)
    expect((await ask('PUT', '/h.txt', {}, 'without')).status).toBe(423)
    expect((await ask('PUT', '/h.txt', { if: `(${token})` }, 'with')).status).toBe(204)
    const tagged = `<${stage.origin}/files/h.txt> (${token})`
    expect((await ask('PUT', '/h.txt', { if: tagged }, 'with its address')).status).toBe(204)
    expect((await ask('GET', '/h.txt')).body).toBe('with its address')
    expect((await ask('UNLOCK', '/h.txt', { 'lock-token': token })).status).toBe(204)
    expect((await ask('DELETE', '/h.txt')).status).toBe(204)
  })

  attack('T11', 'does nothing for who is not signed in, whatever the method', async () => {
    const stranger = createVisitor()
    const headers = {
      depth: '0',
      destination: `${stage.origin}/files/stolen.txt`,
      'x-remote-user': 'ada@contoso.example',
    }
    for (const method of ['PROPFIND', 'PROPPATCH', 'MKCOL', 'COPY', 'MOVE', 'LOCK', 'UNLOCK', 'PUT', 'DELETE']) {
      expect((await stranger.ask(`${stage.origin}/files/a.txt`, { method, headers })).status, method).toBe(401)
    }
    stranger.close()
    expect(files()).not.toContain('stolen.txt')
    expect(files()).toContain('a.txt')
  })

  attack(
    ['T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T7', 'T8', 'T9', 'T10', 'T11', 'T12', 'T13', 'T14'],
    'never puts anything where its sender may not go, by a Destination however it is written',
    async () => {
      mkdirSync(join(apache.folder, 'files/private'))
      chmodSync(join(apache.folder, 'files/private'), 0o777)
      await ask('PUT', '/i.txt', {}, 'i')
      for (const path of ['/files/private/i', '/files//private/i', '/files/%70rivate/i', '/files/x/../private/i']) {
        for (const destination of [stage.origin + path, path]) {
          for (const method of ['COPY', 'MOVE']) {
            const { status } = await ask(method, '/i.txt', { destination })
            expect([400, 403], `${method} to ${destination}`).toContain(status)
          }
        }
      }
      expect(readdirSync(join(apache.folder, 'files/private'))).toEqual([])
    },
  )
})
