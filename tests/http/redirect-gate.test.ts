import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Certificate, Gateway, Tenant } from '../../src/core/gateway.ts'
import { redirection } from '../../src/http/redirect-gate.ts'
import { asCertificate, createAuthority } from '../certificates.ts'
import { facts } from '../core/build.ts'
import { until } from '../redis.ts'
import { freePort, startUpstream, type Upstream } from '../stage.ts'
import { gatewayWith, type Listening, openTenant, startListening } from './listening.ts'
import { bytesOf, handshake, openWire, speak } from './wire.ts'

let upstream: Upstream
let certificate: Certificate
const open: Listening[] = []

beforeAll(async () => {
  certificate = asCertificate(createAuthority().issue('DNS:payroll.example'))
  upstream = await startUpstream()
  return () => upstream.close()
})
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
  expect(upstream.seen).toEqual([])
})

const local: Tenant = {
  ...openTenant('local', 1),
  publicUrl: { scheme: 'http', host: 'localhost:8080', origin: 'http://localhost:8080' },
}

function configured(redirectPort = 0): Gateway {
  const port = Number(new URL(upstream.origin).port)
  const payroll: Tenant = {
    ...openTenant('payroll', port),
    publicUrl: { scheme: 'https', host: 'payroll.example:8443', origin: 'https://payroll.example:8443' },
    aliases: [{ scheme: 'https', host: 'pay.example', origin: 'https://pay.example' }],
  }
  const tls = { certificate, redirectFrom: { host: '127.0.0.1', port: redirectPort }, hstsSeconds: 1_000 }
  const built = gatewayWith({ tls }, payroll, openTenant('stock', port), local)
  const console = { scheme: 'https', host: 'gate.example', origin: 'https://gate.example' } as const
  return {
    ...built,
    server: { ...built.server, console },
    closedHosts: new Map([['off.example', { tenant: 'off', why: 'off' }]]),
  }
}

async function start(): Promise<Listening> {
  const listening = await startListening(configured())
  open.push(listening)
  return listening
}

describe('redirection', () => {
  for (const [host, target, expected] of [
    ['stock.example', '/', 'https://stock.example/'],
    ['stock.example:80', '/a?b=c&d', 'https://stock.example/a?b=c&d'],
    ['STOCK.example.:8080', '/%2e%2e/x', 'https://stock.example/%2e%2e/x'],
    ['payroll.example', '/a', 'https://payroll.example:8443/a'],
    ['pay.example', '/a', 'https://payroll.example:8443/a'],
    ['stock.example', '//evil.example/', 'https://stock.example//evil.example/'],
    ['stock.example', '/\\evil.example/', 'https://stock.example/\\evil.example/'],
    ['stock.example', '@evil.example/', 'https_required'],
    ['stock.example', '.evil.example/', 'https_required'],
    ['stock.example', 'https://evil.example/', 'https_required'],
    ['stock.example', '*', 'https_required'],
    ['stock.example', '', 'https_required'],
    ['stock.example', '/a\r\nSet-Cookie: x=y', 'https_required'],
    ['stock.example', '/caf\u00e9', 'https_required'],
    ['evil.example', '/', 'tenant_unknown'],
    ['stock.example.evil.example', '/', 'tenant_unknown'],
    ['off.example', '/', 'tenant_off'],
    ['gate.example', '/break-glass/payroll?state=x', 'https://gate.example/break-glass/payroll?state=x'],
    ['stock.example@evil.example', '/', 'request_malformed'],
    [null, '/', 'request_malformed'],
    ['localhost:8080', '/', 'tenant_unknown'],
  ] as const) {
    test(`answers ${target} of ${host} with ${expected}`, () => {
      const found = redirection(configured(), facts({ host, target, method: 'GET' }))
      expect('reason' in found ? found.reason : found.location).toBe(expected)
    })
  }

  test('takes no other method: what it carries has crossed the network in the open', () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'get', '']) {
      expect(redirection(configured(), facts({ host: 'stock.example', method }))).toMatchObject({
        reason: 'https_required',
      })
    }
  })
})

describe('createRedirectGate', () => {
  test('sends GET and HEAD to https, and says nothing else', async () => {
    const { plain } = await start()
    for (const method of ['GET', 'HEAD']) {
      const lines = ['Host: stock.example', 'Cookie: __Host-sid=x', 'Content-Length: 3']
      const answer = await speak(plain, bytesOf(plain, `${method} /a?b`, lines, 'abc'))
      expect(answer?.status).toBe(308)
      expect(answer?.head).toMatch(/^Location: https:\/\/stock\.example\/a\?b$/m)
      expect(answer?.head).not.toMatch(/set-cookie|strict-transport/i)
      expect(answer?.body).toBe('')
    }
  })

  test('gives persons a page and programs problem+json, and no hint of what was sent', async () => {
    const listening = await start()
    const { plain } = listening
    const page = await speak(
      plain,
      bytesOf(plain, 'POST /private?secret=1', ['Host: stock.example', 'Accept: text/html']),
    )
    expect(page?.status).toBe(403)
    expect(page?.body).toMatch(/<p>Code <code>https_required/)
    const problem = await speak(plain, bytesOf(plain, 'POST /private?secret=1', ['Host: stock.example']))
    expect(JSON.parse(problem?.body ?? '')).toMatchObject({ status: 403, code: 'https_required' })
    const log = JSON.stringify(listening.log())
    expect(log).toContain('"reason":"https_required"')
    expect(`${page?.body}${problem?.body}${log}`).not.toContain('secret=1')
    expect(await listening.metrics()).toContain('{tenant="stock",outcome="https_required"} 2')
  })

  test('takes neither upgrades nor tunnels', async () => {
    const { plain } = await start()
    const upgrade = bytesOf(plain, 'GET /', ['Host: stock.example', ...handshake(plain)])
    expect((await speak(plain, upgrade))?.status).toBe(403)
    expect((await speak(plain, 'CONNECT stock.example:443 HTTP/1.1\r\nHost: stock.example\r\n\r\n'))?.status).toBe(403)
  })

  test('refuses what is no proper request, as the main port does', async () => {
    const { plain } = await start()
    for (const [bytes, status] of [
      ['GET / HTTP/1.1\r\n\r\n', 400],
      ['GET / HTTP/1.1\r\nHost: stock.example\r\nHost: evil.example\r\n\r\n', 400],
      ['GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n', 421],
      ['GET http://stock.example/ HTTP/1.1\r\nHost: stock.example\r\n\r\n', 403],
      ['GET http://evil.example/ HTTP/1.1\r\nHost: stock.example\r\n\r\n', 403],
      ['GET //evil.example/ HTTP/1.1\r\nHost: stock.example\r\n\r\n', 308],
      ['GET /a\rb HTTP/1.1\r\nHost: stock.example\r\n\r\n', 400],
      [`GET / HTTP/1.1\r\nHost: stock.example\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ] as const) {
      const answer = await speak(plain, bytes)
      expect(`${bytes.slice(0, 60)} ${answer?.status}`).toBe(`${bytes.slice(0, 60)} ${status}`)
      expect(answer?.head).not.toMatch(/^location: (?!https:\/\/stock\.example\/)/im)
    }
  })

  test('ends with the main port', async () => {
    const { listener, plain } = await start()
    const wire = await openWire(plain)
    wire.send(bytesOf(plain, 'GET /', ['Host: stock.example']))
    expect((await wire.answer())?.status).toBe(308)
    await until('the connection', () => listener.connections() === 1)
    listener.lastAnswers()
    wire.send(bytesOf(plain, 'GET /', ['Host: stock.example']))
    expect((await wire.answer())?.head).toMatch(/^connection: close$/im)
    expect(await listener.drain(5)).toBe(true)
    await expect(openWire(plain)).rejects.toThrow('ECONNREFUSED')
  })

  test('leaves nothing open when its port is taken', async () => {
    const taken = Number(new URL(upstream.origin).port)
    const main = await freePort()
    const built = configured(taken)
    const server = { ...built.server, listen: { host: '127.0.0.1', port: main } }
    await expect(startListening({ ...built, server })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${taken}: the address is already in use`,
    )
    await expect(openWire(`http://localhost:${main}`)).rejects.toThrow('ECONNREFUSED')
  })
})
