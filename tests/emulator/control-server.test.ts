import { request } from 'node:http'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientSecret, directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { createBrowser, payloadOf, redeem, refresh, signIn } from './client.ts'

const uwe = 'uwe@contoso.example'
let emulator: Emulator
let chrome: Browser
beforeAll(async () => {
  emulator = await startEmulator({ controlPort: 0 })
  chrome = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
})
afterAll(() => Promise.all([emulator.close(), chrome.close()]))

async function act(action: string, sent: unknown = {}) {
  const response = await fetch(`${emulator.controlOrigin}/${action}`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(sent) },
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const state = async () => (await fetch(`${emulator.controlOrigin}/state`)).text()
const tokens = async () => (await redeem(emulator.origin, await signIn(createBrowser(), emulator.origin, uwe))).body

test('act changes people, and revokes', async () => {
  const { refresh_token } = await tokens()
  expect((await act('change-person', { username: uwe, change: { enabled: false } })).status).toBe(200)
  expect((await refresh(emulator.origin, refresh_token)).body.error_codes).toEqual([50057])
  await act('change-person', { username: uwe, change: { enabled: true } })
  await act('revoke', { username: uwe })
  expect((await refresh(emulator.origin, refresh_token)).body.error_codes).toEqual([50173])
})

test('act adds a person, who can then sign in', async () => {
  const person = { username: 'ines@contoso.example', name: 'Ines New', groups: ['g'] }
  expect((await act('add-person', { person })).status).toBe(200)
  const { body } = await redeem(emulator.origin, await signIn(createBrowser(), emulator.origin, person.username))
  expect(payloadOf(body.id_token)).toMatchObject({ name: 'Ines New', groups: ['g'] })
})

test('act makes endpoints fail, moves the clock and rotates keys', async () => {
  await act('fail', { endpoint: 'keys', failure: { kind: 'status', status: 503 } })
  const keysUrl = `${emulator.origin}/${directoryId}/discovery/v2.0/keys`
  expect((await fetch(keysUrl)).status).toBe(503)
  const { kid } = (await act('emergency-key')).body
  expect(await (await fetch(keysUrl)).text()).toContain(String(kid))
  const before = emulator.control.clock.now()
  await act('forward-clock', { seconds: 3600 })
  expect(emulator.control.clock.now() - before).toBeGreaterThanOrEqual(3600)
})

test('act throttles, refuses refresh tokens with another code, and deletes people', async () => {
  const { refresh_token } = await tokens()
  await act('revoke', { username: uwe, code: 70_043 })
  expect((await refresh(emulator.origin, refresh_token)).body.error_codes).toEqual([70_043])
  await act('revoke', { username: uwe, code: null })
  await act('throttle', { endpoint: 'token', requests: 1, seconds: 60 })
  const asked = [await refresh(emulator.origin, refresh_token), await refresh(emulator.origin, refresh_token)]
  expect(asked.map(({ status }) => status)).toEqual([200, 429])
  await act('throttle', { endpoint: 'token', requests: null })
  expect((await refresh(emulator.origin, refresh_token)).status).toBe(200)
  await act('add-person', { person: { username: 'gone@contoso.example', name: 'Gone' } })
  expect((await act('remove-person', { username: 'gone@contoso.example' })).status).toBe(200)
  expect(await state()).not.toContain('gone@contoso.example')
})

for (const [action, sent, said] of [
  ['unheard-of', {}, 'change-person'],
  ['change-person', { username: 'nobody', change: {} }, 'nobody'],
  ['change-person', { username: uwe, change: { shoeSize: 1 } }, 'shoeSize'],
  ['change-person', { username: uwe, change: { groups: 'all' } }, 'groups'],
  ['change-person', { username: uwe, change: { id: 'x' } }, 'object id'],
  ['add-person', { person: { name: 'X' } }, 'username'],
  ['change-application', { change: { colour: 1 } }, 'colour'],
  ['fail', { endpoint: 'authorize', failure: { kind: 'hang' } }, 'endpoint'],
  ['fail', { endpoint: 'token', failure: { kind: 'explode' } }, 'failure.kind'],
  ['change-application', { change: { certificates: ['x'] } }, 'PEM'],
  ['throttle', { endpoint: 'token', requests: 'few', seconds: 1 }, 'requests'],
  ['revoke', { username: uwe, code: 'none' }, 'code'],
  ['remove-person', { username: 'nobody' }, 'nobody'],
  ['forward-clock', { seconds: 'soon' }, 'seconds'],
  ['revoke', [], 'JSON object'],
] as const) {
  test(`act refuses ${action} of ${JSON.stringify(sent)} in words`, async () => {
    const { status, body } = await act(action, sent)
    expect(status).toBe(400)
    expect(body.error).toContain(said)
  })
}

test('startControlServer tells the state without the secret', async () => {
  expect(JSON.parse(await state())).toMatchObject({ requests: { graph: 0 }, application: { name: 'Payroll' } })
  emulator.control.changePerson(uwe, { password: 'hidden from view' })
  expect(await state()).not.toContain(clientSecret)
  expect(await state()).not.toContain('hidden from view')
  emulator.control.changePerson(uwe, { password: null })
})

test('onlyFromHere refuses other names for this address, other sites, and forms in disguise', async () => {
  const { port } = new URL(emulator.controlOrigin ?? '')
  const ask = (headers: Record<string, string>, method = 'POST') =>
    new Promise<number | undefined>((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path: '/recover', method, headers }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      sent.on('error', reject)
      sent.end('{}')
    })
  const json = { 'content-type': 'application/json', 'content-length': '2' }
  const host = `localhost:${port}`
  expect(await ask({ ...json, host })).toBe(200)
  expect(await ask({ ...json, host: `evil.example:${port}` })).toBe(403)
  expect(await ask({ ...json, host, origin: 'https://evil.example' })).toBe(403)
  expect(await ask({ ...json, host, 'sec-fetch-site': 'cross-site' })).toBe(403)
  expect(await ask({ ...json, host, 'content-type': 'text/plain' })).toBe(403)
})

test('controlPage disables, unassigns and deletes people by buttons', async () => {
  const page = await chrome.newPage()
  await page.goto(emulator.controlOrigin ?? '')
  const row = page.getByRole('row', { name: /nora@contoso.example/ })
  await row.getByRole('button', { name: 'Disable' }).click()
  await row.getByText('disabled').waitFor()
  await row.getByRole('button', { name: 'Enable' }).click()
  await row.getByRole('button', { name: 'Unassign' }).click()
  await row.getByText('refused with 50105').waitFor()
  await row.getByRole('button', { name: 'Disable' }).click()
  await row.getByText('disabled').waitFor()
  const guest = page.getByRole('row', { name: /zoë@fabrikam.example/ })
  await guest.getByRole('button', { name: 'Delete' }).click()
  await guest.waitFor({ state: 'detached' })
  expect(emulator.control.requests('token')).toBeGreaterThan(0)
  expect(JSON.parse(await state()).people).toContainEqual(
    expect.objectContaining({ username: 'nora@contoso.example', enabled: false }),
  )
  await page.close()
})
