import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { startBrowser } from '../journeys/browser.ts'
import { ada as adaHerself, choose } from '../journeys/steps.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, type Reply, signIn, type Visitor } from '../visitor.ts'
import { type Daemon, programMissing } from './daemon.ts'
import { tenantOf } from './page.ts'
import { radicalePath, startRadicale } from './radicale.ts'

describe.skipIf(programMissing(radicalePath, 'radicale'))('Radicale behind the gateway', () => {
  let radicale: Daemon
  let stage: Stage
  let ada: Visitor
  let uwe: Visitor
  const adaId = '3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36'
  const uweId = '71f8d2b5-0e4c-4936-a6d7-9b3c5f1e2a48'

  beforeAll(async () => {
    radicale = await startRadicale()
    stage = await startStage({ ...tenantOf('Radicale'), routes: everything, upstreamUrl: radicale.origin })
    ada = createVisitor()
    uwe = createVisitor()
    await signIn(ada, `${stage.origin}/.web/`, 'ada@contoso.example')
    await signIn(uwe, `${stage.origin}/.web/`, 'uwe@contoso.example')
  })
  afterAll(async () => {
    ada?.close()
    uwe?.close()
    await stage?.close()
    await radicale?.stop()
  })

  /** @param rest headers and body, the body under `body`. */
  function ask(who: Visitor, method: string, path: string, rest: Record<string, string> = {}): Promise<Reply> {
    const { body, ...headers } = rest
    return who.ask(stage.origin + path, { method, headers, ...(body === undefined ? {} : { body }) })
  }

  const calendar = `/${adaId}/work/`
  const whoAmI = '<propfind xmlns="DAV:"><prop><current-user-principal/><displayname/><resourcetype/></prop></propfind>'

  test('knows who is signed in', async () => {
    for (const [who, id] of [
      [ada, adaId],
      [uwe, uweId],
    ] as const) {
      const { status, body } = await ask(who, 'PROPFIND', '/', { depth: '0', body: whoAmI })
      expect(status).toBe(207)
      expect(body).toContain(`<current-user-principal><href>/${id}/</href></current-user-principal>`)
    }
  })

  test('says that it is a calendar server', async () => {
    const { headers } = await ask(ada, 'OPTIONS', '/')
    expect(headers.dav).toContain('calendar-access')
    expect(headers.allow).toContain('MKCALENDAR')
  })

  test('makes a calendar, takes events, and finds them by REPORT', async () => {
    const described = `<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
      <set><prop><displayname>Büro</displayname></prop></set></C:mkcalendar>`
    expect((await ask(ada, 'MKCALENDAR', calendar, { body: described })).status).toBe(201)
    const put = { 'content-type': 'text/calendar', 'if-none-match': '*', body: event('one', 'Besprechung über Löhne') }
    const created = await ask(ada, 'PUT', `${calendar}one.ics`, put)
    expect(created.status).toBe(201)
    expect((await ask(ada, 'PUT', `${calendar}one.ics`, put)).status).toBe(412)
    const again = { ...put, 'if-none-match': '', 'if-match': String(created.headers.etag) }
    expect((await ask(ada, 'PUT', `${calendar}one.ics`, again)).status).toBe(201)
    const query = `<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><C:calendar-data/></prop>
      <C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter></C:calendar-query>`
    const found = await ask(ada, 'REPORT', calendar, { depth: '1', body: query })
    expect(found.status).toBe(207)
    expect(found.body).toContain('SUMMARY:Besprechung über Löhne')
  })

  test('looks as deep as Depth says', async () => {
    const hrefs = async (depth: string) =>
      (await ask(ada, 'PROPFIND', calendar, { depth, body: whoAmI })).body.match(/<response><href>/g)?.length
    expect(await hrefs('0')).toBe(1)
    expect(await hrefs('1')).toBe(2)
  })

  test('moves an event to a Destination at the public address, and not over another without leave', async () => {
    const destination = `${stage.origin}${calendar}two.ics`
    expect((await ask(ada, 'MOVE', `${calendar}one.ics`, { destination })).status).toBe(201)
    expect((await ask(ada, 'GET', `${calendar}one.ics`)).status).toBe(404)
    await ask(ada, 'PUT', `${calendar}one.ics`, { 'content-type': 'text/calendar', body: event('two', 'Other') })
    expect((await ask(ada, 'MOVE', `${calendar}one.ics`, { destination, overwrite: 'F' })).status).toBe(412)
    const elsewhere = { destination: `http://elsewhere.example${calendar}three.ics` }
    expect((await ask(ada, 'MOVE', `${calendar}one.ics`, elsewhere)).status).toBe(502)
  })

  attack(['T25', 'T33'], 'shows nothing to another person, with or without a forged name', async () => {
    for (const forged of [
      {},
      { 'x-remote-user': adaId },
      { 'X-Remote_User': adaId },
      { x_remote_user: adaId },
      { 'remote-user': adaId },
      { authorization: `Basic ${Buffer.from(`${adaId}:x`).toString('base64')}` },
    ] as const) {
      const headers: Record<string, string> = { depth: '1', ...forged }
      const before = (await ask(ada, 'GET', `${calendar}two.ics`)).body
      for (const method of ['GET', 'PROPFIND', 'REPORT', 'PUT', 'DELETE', 'MKCALENDAR', 'PROPPATCH']) {
        for (const path of [calendar, `${calendar}two.ics`, `/${adaId}/`, `/${adaId}/new/`]) {
          const reply = await ask(uwe, method, path, headers)
          expect([400, 403, 404, 405], `${method} ${path}`).toContain(reply.status)
          expect(reply.body).not.toContain('Löhne')
        }
      }
      expect((await ask(ada, 'GET', `${calendar}two.ics`)).body).toBe(before)
      const self = await ask(uwe, 'PROPFIND', '/', { ...headers, depth: '0', body: whoAmI })
      expect(self.body).toContain(`<current-user-principal><href>/${uweId}/</href>`)
    }
  })

  attack('T11', 'does nothing for who is not signed in, whatever the method', async () => {
    const stranger = createVisitor()
    for (const method of ['GET', 'PROPFIND', 'REPORT', 'MKCALENDAR', 'PUT', 'DELETE', 'MOVE', 'OPTIONS']) {
      const reply = await ask(stranger, method, calendar, { 'x-remote-user': adaId })
      expect(reply.status, method).toBe(401)
      expect(reply.headers['content-type']).toContain('application/problem+json')
    }
    stranger.close()
  })

  test('believes a forged name when it is asked past the gateway', async () => {
    const stranger = createVisitor()
    const headers = { 'x-remote-user': adaId }
    expect((await stranger.ask(`${radicale.origin}${calendar}two.ics`, { headers })).status).toBe(200)
    stranger.close()
  })

  test('shows its own pages in a browser, signed in by the gateway', async () => {
    const browser = await startBrowser()
    try {
      await browser.visit(async ({ tab }) => {
        await tab.goto(`${stage.origin}/.web/`)
        await choose(tab, adaHerself)
        // The page wants a name before it asks the server, who already knows.
        await tab.locator('#loginscene input[data-name=user]').fill('anybody')
        await tab.locator('#loginscene button').click()
        const collections = tab.locator('#collectionsscene')
        await collections.getByRole('link', { name: 'Create new addressbook or calendar' }).click()
        const form = tab.locator('#createcollectionscene')
        await form.locator('[data-name=displayname]').fill('Urlaub')
        await form.getByRole('button', { name: 'Create' }).click()
        await collections.getByText('Urlaub').waitFor()
      })
    } finally {
      await browser.close()
    }
    const own = await ask(ada, 'PROPFIND', `/${adaId}/`, { depth: '1', body: whoAmI })
    expect(own.body).toContain('<displayname>Urlaub</displayname>')
  })

  attack('T21', 'never hears from a caller below which path it is reached', async () => {
    for (const name of ['X-Script-Name', 'X_Script_Name']) {
      const headers = { depth: '0', [name]: '/forged', body: whoAmI }
      expect((await ask(uwe, 'PROPFIND', '/', headers)).body).not.toContain('/forged')
    }
  })
})

const everything = '- { path: /, access: signed-in }'

function event(uid: string, summary: string): string {
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//tests//EN',
    'BEGIN:VEVENT',
    `UID:${uid}`,
    'DTSTAMP:20300101T000000Z',
    'DTSTART:20300102T090000Z',
    'DTEND:20300102T100000Z',
    `SUMMARY:${summary}`,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n')
}
