/** A gateway on a plain machine that ends TLS itself: two applications, each with a certificate of its own, in a browser. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApplication } from '../../src/emulator/application.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { type Authority, createAuthority } from '../certificates.ts'
import { until } from '../redis.ts'
import { freePort, stageYaml } from '../stage.ts'
import { startBrowser, type TestBrowser } from './browser.ts'
import { type Program, startProgram } from './program.ts'
import { ada, arriveAt, choose, cookieOf, joinChat, logOut, reads, sayInChat, sessionCookie, uwe } from './steps.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-tls-'))
let authority: Authority
let emulator: Emulator
let application: Awaited<ReturnType<typeof startApplication>>
let gateway: Program
let browser: TestBrowser
let port: number
let plainPort: number
const addressOf = (name: string) => `https://${name}.localhost:${port}`

beforeAll(async () => {
  authority = createAuthority()
  port = await freePort()
  plainPort = await freePort()
  const redirectUris = ['payroll', 'wiki'].flatMap((name) =>
    ['callback', 'signed-out'].map((end) => `${addressOf(name)}/.auth/${end}`),
  )
  emulator = await startEmulator({ port: 0, application: { redirectUris } })
  application = await startApplication({ port: 0 })
  writeCertificate('payroll', 'DNS:payroll.localhost,DNS:pay.localhost')
  writeCertificate('wiki', 'DNS:wiki.localhost')
  writeFileSync(join(folder, 'sallyport.yaml'), yaml())
  gateway = startProgram(['serve', '--config', join(folder, 'sallyport.yaml')])
  await gateway.said(/"serving"/)
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await gateway?.end('SIGINT')
  await application.close()
  await emulator.close()
  rmSync(folder, { recursive: true })
})

function writeCertificate(name: string, names: string): void {
  const { cert, key } = authority.issue(names)
  mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, name, 'tls.crt'), cert)
  writeFileSync(join(folder, name, 'tls.key'), key)
}

function yaml(): string {
  return stageYaml({
    ...{ port, authority: emulator.origin, upstream: application.origin },
    publicUrl: () => addressOf('payroll'),
    server: `, tls: { cert: payroll/tls.crt, key: payroll/tls.key, redirectFrom: '127.0.0.1:${plainPort}' }`,
    routes: `- { path: /assets, access: public }
- { path: /admin, access: [admin] }
- { path: /, access: signed-in }`,
    tenant: `aliases: ['https://pay.localhost:${port}']`,
    tenants: `
  - name: wiki
    publicUrl: ${addressOf('wiki')}
    providers: [contoso]
    tls: { cert: wiki/tls.crt, key: wiki/tls.key }
    upstream: { url: '${application.origin}' }
    headers: { presets: [x-forwarded] }`,
  })
}

/** Serial number of the certificate that a new caller is shown for the name. */
function shown(name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', servername: name, ca: authority.cert }, () => {
      resolve(socket.getPeerCertificate().serialNumber)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

// The browser does not know the authority of the tests; that certificates are right is for the other tests here to say.
const trusting = { ignoreHTTPSErrors: true }

describe('a gateway that ends TLS', () => {
  test('takes people from plain http to https, through the sign-in and back to where they wanted to go', async () => {
    await browser.visit(async ({ context, tab }) => {
      await tab.goto(`http://payroll.localhost:${plainPort}/payslips?year=2024`)
      await choose(tab, uwe)
      await arriveAt(tab, `${addressOf('payroll')}/payslips?year=2024`)
      const cookie = await cookieOf(context, sessionCookie)
      expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: 'Lax', domain: 'payroll.localhost' })
      await joinChat(tab, addressOf('payroll'), uwe)
      await sayInChat(tab, uwe, 'over TLS')
      await tab.goto(`https://pay.localhost:${port}/payslips`)
      await arriveAt(tab, `${addressOf('payroll')}/payslips`)
      await logOut(tab, addressOf('payroll'))
      expect(await cookieOf(context, sessionCookie)).toBeNull()
    }, trusting)
  })

  test('keeps two applications apart: each has its own certificate and its own session', async () => {
    await browser.visit(async ({ context, tab }) => {
      await tab.goto(`${addressOf('payroll')}/admin`)
      await choose(tab, ada)
      await arriveAt(tab, `${addressOf('payroll')}/admin`)
      // Entra knows the person by now, so another application is one redirect away.
      await tab.goto(`${addressOf('wiki')}/payslips`)
      await arriveAt(tab, `${addressOf('wiki')}/payslips`)
      const [first, second, ...others] = (await context.cookies()).filter(({ name }) => name === sessionCookie)
      expect([first?.domain, second?.domain].sort()).toEqual(['payroll.localhost', 'wiki.localhost'])
      expect(others).toEqual([])
      await tab.goto(`${addressOf('payroll')}/admin`)
      await reads(tab, 'Administration')
    }, trusting)
    expect(await shown('payroll.localhost')).not.toBe(await shown('wiki.localhost'))
    expect(await shown('pay.localhost')).toBe(await shown('payroll.localhost'))
  })

  test('says Strict-Transport-Security, and shows a renewed certificate without losing the session', async () => {
    await browser.visit(async ({ tab }) => {
      await tab.goto(`${addressOf('wiki')}/payslips`)
      await choose(tab, ada)
      await arriveAt(tab, `${addressOf('wiki')}/payslips`)
      const before = await shown('wiki.localhost')
      writeCertificate('wiki', 'DNS:wiki.localhost')
      await until('the new certificate is shown', async () => (await shown('wiki.localhost')) !== before)
      const answer = await tab.goto(`${addressOf('wiki')}/payslips`)
      expect(answer?.status()).toBe(200)
      expect(answer?.headers()['strict-transport-security']).toMatch(/^max-age=31536000/)
    }, trusting)
  })

  test('goes on with the old certificate when the new one does not fit its key, and says so', async () => {
    const before = await shown('wiki.localhost')
    writeFileSync(join(folder, 'wiki', 'tls.key'), authority.issue('DNS:wiki.localhost').key)
    await gateway.said(/the private key is not the one of this certificate.*tenant_refused/)
    expect(await shown('wiki.localhost')).toBe(before)
    writeCertificate('wiki', 'DNS:wiki.localhost')
    await gateway.said(/tenant_recovered/)
  })
})
