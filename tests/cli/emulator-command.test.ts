import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { createLog } from '../../src/ops/log.ts'
import { serve } from '../../src/serve.ts'
import { freePort, stageYaml, startUpstream } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { run, startCommand } from './command.ts'

const ready = 'Ctrl-C ends it'
const addressOf = (text: string, name: string) => new RegExp(`${name} +(\\S+)`).exec(text)?.[1] ?? ''

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-emulator-'))
  try {
    await work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('sallyport emulator', () => {
  test('signs in people of a file at a gateway, and its control throws them out', async () => {
    await inFolder(async (folder) => {
      const people = join(folder, 'people.json')
      const ines = { username: 'ines@contoso.example', name: 'Ines CI', appRoles: ['Payroll.Admin'] }
      writeFileSync(people, JSON.stringify([ines]))
      const emulator = startCommand(['emulator', '--port', '0', '--control-port', '0', '--people', people])
      await emulator.says(ready)
      const authority = addressOf(emulator.stdout(), 'authority')
      const upstream = await startUpstream()
      const port = await freePort()
      const file = join(folder, 'sallyport.yaml')
      writeFileSync(file, stageYaml({ port, upstream: upstream.origin, authority }))
      const gateway = await serve(
        loadConfig(file, { env: {} }),
        createLog({ level: 'error', destination: { write: () => undefined } }),
      )
      const visitor = createVisitor()
      const page = await signIn(visitor, `http://localhost:${port}/admin`, ines.username)
      expect([page.status, page.url]).toEqual([200, `http://localhost:${port}/admin`])

      const control = addressOf(emulator.stdout(), 'control')
      const answer = await fetch(`${control}/change-person`, {
        ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
        body: JSON.stringify({ username: ines.username, change: { enabled: false } }),
      })
      expect(answer.status).toBe(200)
      const stranger = createVisitor()
      expect((await signIn(stranger, `http://localhost:${port}/admin`, ines.username)).body).toContain('AADSTS50057')

      emulator.child.kill('SIGINT')
      expect(await emulator.ended).toEqual({ code: 0, signal: null })
      expect(emulator.stderr()).toBe('')
      await gateway.end({ lameDuckSeconds: 0 })
      await upstream.close()
      for (const each of [visitor, stranger]) each.close()
    })
  })

  test('follows the origin, the audience and the redirect URI that it is given', async () => {
    const emulator = startCommand([
      ...['emulator', '--port', '0', '--control-port', '0', '--origin', 'https://login.example:8443'],
      ...['--audience', 'organizations', '--redirect-uri', 'https://app.example/callback'],
      ...['--logout-url', 'https://app.example/signed-out'],
    ])
    await emulator.says(ready)
    const state = (await (await fetch(`${addressOf(emulator.stdout(), 'control')}/state`)).json()) as {
      application: Record<string, unknown>
    }
    expect(addressOf(emulator.stdout(), 'authority')).toBe('https://login.example:8443')
    expect(state.application).toMatchObject({
      audience: 'organizations',
      redirectUris: expect.arrayContaining(['https://app.example/callback']),
      logoutUrl: 'https://app.example/signed-out',
    })
    emulator.child.kill('SIGTERM')
    expect((await emulator.ended).code).toBe(0)
  })

  test('takes the rest of the registration from a file', async () => {
    await inFolder(async (folder) => {
      const application = join(folder, 'application.json')
      const said = {
        name: 'Ledger',
        consent: 'person',
        clientSecrets: ['mine'],
        redirectUris: ['https://l.example/cb'],
      }
      writeFileSync(application, JSON.stringify(said))
      const emulator = startCommand(['emulator', '--port', '0', '--control-port', '0', '--application', application])
      await emulator.says(ready)
      const state = await (await fetch(`${addressOf(emulator.stdout(), 'control')}/state`)).json()
      expect(state).toMatchObject({
        application: { name: 'Ledger', consent: 'person', redirectUris: expect.arrayContaining(said.redirectUris) },
      })
      expect(emulator.stdout()).not.toContain('pretend-secret')
      emulator.child.kill('SIGTERM')
      expect((await emulator.ended).code).toBe(0)
    })
  })

  for (const [text, said] of [
    ['[]', 'no object'],
    ['{"redirectUris": "x"}', 'redirectUris'],
  ] as const) {
    test(`refuses the registration ${text}, in words`, async () => {
      await inFolder(async (folder) => {
        const application = join(folder, 'application.json')
        writeFileSync(application, text)
        const ran = await run(['emulator', '--port', '0', '--control-port', '0', '--application', application])
        expect([ran.code, ran.stdout]).toEqual([1, ''])
        expect(ran.stderr).toContain(said)
      })
    })
  }

  for (const [name, text, said] of [
    ['no JSON', stringify({ a: 1 }), 'JSON'],
    ['no list', '{}', 'a list'],
    ['an unknown key', '[{"username": "x", "name": "X", "shoeSize": 1}]', 'Person 1: "shoeSize"'],
    ['no name', '[{"username": "x"}]', 'Person 1: "username" and "name"'],
  ] as const) {
    test(`refuses a file of people with ${name}, in words`, async () => {
      await inFolder(async (folder) => {
        writeFileSync(join(folder, 'people.json'), text)
        const ran = await run(['emulator', '--port', '0', '--control-port', '0', '--people', 'people.json'], {
          cwd: folder,
        })
        expect(ran.code).toBe(1)
        expect(ran.stderr).toContain(said)
        expect(ran.stdout).toBe('')
      })
    })
  }

  for (const option of ['--port=x', '--origin=http://a/b', '--redirect-uri=app', '--audience=all']) {
    test(`refuses ${option}`, async () => {
      expect((await run(['emulator', option])).code).toBe(2)
    })
  }
})
