import { request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startApplication } from '../../src/emulator/application.ts'
import { createBrowser } from './client.ts'

let application: Awaited<ReturnType<typeof startApplication>>
beforeAll(async () => {
  application = await startApplication()
})
afterAll(() => application.close())

/** As raw UTF-8 bytes, which is what Latin-1 makes of this text on the wire. */
const rawName = Buffer.from('Zoë 山田').toString('latin1')

function get(path: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    request(`${application.origin}${path}`, { headers }, (response) => {
      response.setEncoding('utf8')
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve(text))
    })
      .on('error', reject)
      .end()
  })
}

test('homePage greets by name and shows what it was told, escaped', async () => {
  const text = await get('/', { 'X-Forwarded-Name': rawName, 'X-Forwarded-Email': '<b>@x', 'X-Other': 'unseen' })
  expect(text).toContain('Welcome, Zoë 山田')
  expect(text).toContain('<th scope="row">X-Forwarded-Email</th><td>&lt;b&gt;@x</td>')
  expect(text).not.toContain('unseen')
})

test('toldAbout shows bytes that are no UTF-8 as Latin-1', async () => {
  expect(await get('/', { 'X-Forwarded-Name': 'Müller' })).toContain('Welcome, Müller')
})

test('homePage says so where it was told nothing', async () => {
  expect(await get('/', {})).toContain('Nothing at all.')
})

for (const [path, expected] of [
  ['/payslips', 'Pay slips'],
  ['/admin', 'Only administrators'],
  ['/form', '<form method="post"'],
  ['/chat', 'src="/assets/chat.js"'],
] as const) {
  test(`startApplication serves ${path} with the menu`, async () => {
    const text = await get(path, { 'X-Forwarded-Roles': 'admin,user' })
    expect(text).toContain(expected)
    expect(text).toContain(`<a href="${path}" aria-current="page">`)
  })
}

test('adminPage checks nothing and prints the roles', async () => {
  expect(await get('/admin', { 'X-Forwarded-Roles': 'admin,user' })).toContain('<b id="roles">admin, user</b>')
  expect(await get('/admin', {})).toContain('<b id="roles">none</b>')
})

test('createVisits counts in a session of its own, which /logout ends', async () => {
  const browser = createBrowser()
  const first = await browser.get(`${application.origin}/`)
  expect(first.headers.getSetCookie()).toEqual([expect.stringMatching(/^JSESSIONID=[0-9A-F]{32}; Path=\/; HttpOnly$/)])
  expect((await browser.get(`${application.origin}/`)).text).toContain('<b id="visits">2</b>')
  expect(await browser.get(`${application.origin}/logout`)).toMatchObject({ status: 302, location: '/.auth/logout' })
  expect((await browser.get(`${application.origin}/`)).text).toContain('<b id="visits">1</b>')
})

test('createVisits takes no id that it did not give out', async () => {
  expect(await get('/', { cookie: 'JSESSIONID=planted' })).toContain('<b id="visits">1</b>')
})

test('formPage shows once what was sent, in any script', async () => {
  const browser = createBrowser()
  const sent = await browser.post(`${application.origin}/form`, { subject: 'Größe 山田', message: '<b>żółć</b> 🙂' })
  expect(sent).toMatchObject({ status: 303, location: '/form' })
  const { text } = await browser.get(`${application.origin}/form`)
  expect(text).toContain('Größe 山田')
  expect(text).toContain('&lt;b&gt;żółć&lt;/b&gt; 🙂')
  expect((await browser.get(`${application.origin}/form`)).text).not.toContain('Größe')
})

test('createChat says who is connected, and sends everything back', async () => {
  const socket = new WebSocket(`${application.origin.replace('http', 'ws')}/socket`, {
    headers: { 'X-Forwarded-Name': rawName },
  })
  const heard: string[] = []
  socket.on('message', (data) => heard.push(String(data)))
  await expect.poll(() => heard).toEqual(['You are connected as Zoë 山田.'])
  socket.send('grüß dich')
  await expect.poll(() => heard.at(-1)).toBe('Zoë 山田: grüß dich')
  socket.close()
})

test('createChat refuses upgrades of any other path', async () => {
  const socket = new WebSocket(`${application.origin.replace('http', 'ws')}/other`)
  const refused = new Promise<string>((resolve) => socket.on('error', (error) => resolve(error.message)))
  expect(await refused).toContain('404')
})

test('startApplication survives a caller that leaves in the middle of an upgrade', async () => {
  const socket = connect({ port: Number(new URL(application.origin).port), host: '127.0.0.1' })
  const head =
    'GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
  socket.end(`${head}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`, () => socket.resetAndDestroy())
  await new Promise((resolve) => socket.on('close', resolve))
  expect(await get('/health', {})).toBe('OK')
})

test('startApplication serves its style and script, and echoes requests as they came', async () => {
  expect((await fetch(`${application.origin}/assets/style.css`)).headers.get('content-type')).toContain('text/css')
  expect((await fetch(`${application.origin}/assets/chat.js`)).headers.get('content-type')).toContain('javascript')
  const response = await fetch(`${application.origin}/echo?a=%2F`, {
    method: 'PUT',
    body: 'ä',
    headers: { 'X-Forwarded-User': 'u' },
  })
  const echo = (await response.json()) as { rawHeaders: string[] }
  expect(echo).toMatchObject({ method: 'PUT', url: '/echo?a=%2F', bodyBytes: 2 })
  expect(echo.rawHeaders.join(': ')).toContain('X-Forwarded-User: u')
})

test('notFoundPage answers what is not there, without repeating it', async () => {
  const response = await fetch(`${application.origin}/%3Cscript%3E`)
  expect(response.status).toBe(404)
  expect(await response.text()).not.toContain('script%3E')
})

test('close ends open WebSockets and frees the port', async () => {
  const own = await startApplication()
  const socket = new WebSocket(`${own.origin.replace('http', 'ws')}/socket`)
  await new Promise((resolve) => socket.once('message', resolve))
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await Promise.all([closed, own.close()])
  await expect(fetch(own.origin)).rejects.toThrow('fetch failed')
  const again = await startApplication({ port: Number(new URL(own.origin).port) })
  await again.close()
})
