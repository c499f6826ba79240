import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { ConnectionOptions } from 'node:tls'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Certificate, ListenerTls } from '../../src/core/gateway.ts'
import { Secret } from '../../src/core/secret.ts'
import { attack } from '../attacks/attack.ts'
import { type Authority, asCertificate, createAuthority } from '../certificates.ts'
import { until } from '../redis.ts'
import { startUpstream, type Upstream } from '../stage.ts'
import { gatewayWith, type Listening, openTenant, startListening } from './listening.ts'
import { exchange, openSecure, shownTo } from './secure-wire.ts'
import { openWire, speak } from './wire.ts'

let authority: Authority
let upstream: Upstream
const open: Listening[] = []
const certificates = new Map<string, Certificate>()

beforeAll(async () => {
  authority = createAuthority()
  for (const name of ['gateway', 'payroll', 'stock', 'renewed']) {
    certificates.set(name, asCertificate(authority.issue(`DNS:${name}.example`)))
  }
  upstream = await startUpstream()
  return () => upstream.close()
})
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

function certificate(name: string): Certificate {
  const found = certificates.get(name)
  if (found === undefined) throw new Error(`no certificate ${name}`)
  return found
}

const port = () => Number(new URL(upstream.origin).port)
const tls = (also: Partial<ListenerTls> = {}): ListenerTls => ({
  ...{ certificate: certificate('gateway'), redirectFrom: null, hstsSeconds: 0 },
  ...also,
})
const timeouts = { headerSeconds: 30, bodySeconds: 60, keepAliveSeconds: 75 }
const twoTenants = () => [openTenant('payroll', port(), certificate('payroll')), openTenant('stock', port())] as const

async function start(also: Partial<ListenerTls> = {}): Promise<Listening> {
  const listening = await startListening(gatewayWith({ tls: tls(also) }, ...twoTenants()))
  open.push(listening)
  return listening
}

const ask = (host: string, path = '/') => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`

async function shown({ listener }: Listening, options: ConnectionOptions): Promise<string> {
  const socket = await openSecure(listener.port, {
    ca: authority.cert,
    checkServerIdentity: () => undefined,
    ...options,
  })
  const { names } = shownTo(socket)
  socket.destroy()
  return names
}

async function refused({ listener }: Listening, options: ConnectionOptions): Promise<string> {
  return await openSecure(listener.port, { rejectUnauthorized: false, ...options }).then(
    (socket) => {
      socket.destroy()
      return 'connected'
    },
    (error: NodeJS.ErrnoException) => error.code ?? String(error),
  )
}

describe('createSecureServer', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`forwards over ${version}, under the certificate of the host`, async () => {
      const { listener } = await start()
      const options = { minVersion: version, maxVersion: version, ca: authority.cert, servername: 'payroll.example' }
      const socket = await openSecure(listener.port, options)
      expect(socket.authorized).toBe(true)
      expect(shownTo(socket)).toEqual({ names: 'DNS:payroll.example', protocol: version })
      expect(await exchange(socket, ask('payroll.example', '/a'))).toMatch(/^HTTP\/1\.1 200 [\s\S]*"url":"\/a"/)
    })
  }

  for (const [who, servername, expected] of [
    ['its own certificate for a tenant that has one', 'payroll.example', 'payroll'],
    ['the same in any letter case', 'PayRoll.EXAMPLE', 'payroll'],
    ['that of the listener for a tenant that has none', 'stock.example', 'gateway'],
    ['that of the listener for a host that is nobody’s', 'nobody.example', 'gateway'],
    ['that of the listener where no host is named', undefined, 'gateway'],
  ] as const) {
    test(`shows ${who}`, async () => {
      const listening = await start()
      expect(await shown(listening, servername === undefined ? {} : { servername })).toBe(`DNS:${expected}.example`)
    })
  }

  attack('T133', 'knows the host of every connection: none is resumed without its name', async () => {
    const { listener } = await start()
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const same = { minVersion: version, maxVersion: version, rejectUnauthorized: false } as const
      const first = await openSecure(listener.port, { ...same, servername: 'payroll.example' })
      let session: Buffer | undefined
      first.on('session', (given: Buffer) => {
        session = given
      })
      await exchange(first, ask('payroll.example'))
      session ??= first.getSession()
      const again = session === undefined ? same : { ...same, session }
      const socket = await openSecure(listener.port, { ...again, servername: 'payroll.example' })
      expect(socket.isSessionReused()).toBe(false)
      expect((await exchange(socket, ask('stock.example'))).slice(9, 12)).toBe('421')
    }
  })

  test('refuses TLS 1.1 and what speaks no HTTP/1.1, and counts it', async () => {
    const listening = await start()
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    expect(await refused(listening, old)).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
    expect(await refused(listening, { ALPNProtocols: ['h2'] })).toBe('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL')
    expect(await refused(listening, { ALPNProtocols: ['h2', 'http/1.1'] })).toBe('connected')
    expect(await listening.metrics()).toMatch(/^sallyport_failed_handshakes_total 2$/m)
  })

  test('shows a replaced certificate from the next handshake on, and leaves open connections alone', async () => {
    const listening = await start()
    const { listener } = listening
    const before = await openSecure(listener.port, { ca: authority.cert, servername: 'payroll.example' })
    const [payroll, stock] = twoTenants()
    listening.replace(
      gatewayWith(
        { tls: tls({ certificate: certificate('stock') }) },
        { ...payroll, certificate: certificate('renewed') },
        stock,
      ),
    )
    expect(await shown(listening, { servername: 'payroll.example' })).toBe('DNS:renewed.example')
    expect(await shown(listening, { servername: 'stock.example' })).toBe('DNS:stock.example')
    expect(await shown(listening, {})).toBe('DNS:stock.example')
    expect(await exchange(before, ask('payroll.example'))).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('keeps the certificate it has when another cannot be used, or TLS is left out', async () => {
    const listening = await start()
    const broken = { ...certificate('stock'), key: new Secret('no key at all') }
    listening.replace(gatewayWith({ tls: tls({ certificate: broken }) }, ...twoTenants()))
    expect(await shown(listening, {})).toBe('DNS:gateway.example')
    expect(listening.log().filter(({ event }) => event === 'certificate_unusable')).toHaveLength(1)
    expect(await shown(listening, { servername: 'nobody.example' })).toBe('DNS:gateway.example')
    expect(JSON.stringify(listening.log())).not.toContain('no key at all')
    listening.replace(gatewayWith({ tls: null }, ...twoTenants()))
    expect(await shown(listening, {})).toBe('DNS:gateway.example')
  })

  test('shows no other certificate to the visitors of a tenant whose own cannot be used', async () => {
    const listening = await start()
    const broken = { ...certificate('payroll'), key: new Secret('no key at all') }
    listening.replace(gatewayWith({ tls: tls() }, openTenant('payroll', port(), broken), openTenant('stock', port())))
    expect(await refused(listening, { servername: 'payroll.example' })).not.toBe('connected')
    expect(listening.log().some(({ event }) => event === 'certificate_unusable')).toBe(true)
    expect(await shown(listening, { servername: 'stock.example' })).toBe('DNS:gateway.example')
  })

  test('tells a caller that speaks plain HTTP what to do', async () => {
    const listening = await start()
    const answer = await speak(`http://localhost:${listening.listener.port}`, ask('payroll.example'))
    expect(answer?.status).toBe(400)
    expect(answer?.head).toMatch(/^Content-Type: text\/plain$/m)
    expect(answer?.body).toBe('This port speaks https: write https:// at the beginning of the address.\n')
    await until('no connection to be left', () => listening.listener.connections() === 0)
  })

  test('outlives garbage, handshakes that are cut, and resets in the middle', async () => {
    const listening = await start()
    const { port: at } = listening.listener
    const hello = Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])
    for (const bytes of [Buffer.alloc(2_000, 0xff), Buffer.from('SSH-2.0-x\r\n'), Buffer.from([0x16, 3]), hello]) {
      for (const how of ['end', 'resetAndDestroy'] as const) {
        const socket = connect(at, '127.0.0.1').on('error', () => {})
        socket.write(bytes)
        await pause(5)
        socket[how]()
      }
    }
    await until('no connection to be left', () => listening.listener.connections() === 0)
    expect(Number(/^sallyport_failed_handshakes_total (\d+)$/m.exec(await listening.metrics())?.[1])).toBeGreaterThan(5)
    expect(listening.log().filter(({ event }) => event !== 'handshake_failed')).toEqual([])
    expect(await shown(listening, { servername: 'payroll.example' })).toBe('DNS:payroll.example')
  })

  attack('T88', 'cuts a handshake that does not come to an end, however it drips', async () => {
    const server = { tls: tls(), timeouts: { ...timeouts, headerSeconds: 0.5 } }
    const listening = await startListening(gatewayWith(server, ...twoTenants()))
    open.push(listening)
    const wire = await openWire(`http://localhost:${listening.listener.port}`)
    wire.send(Buffer.from([0x16, 3, 1, 2, 0, 1]))
    const drip = setInterval(() => wire.send(Buffer.from([0])), 50)
    expect(await wire.closed(3_000)).toBe(true)
    clearInterval(drip)
    expect(wire.rest()).toBe('')
    expect(listening.log()).toMatchObject([{ event: 'handshake_failed', code: 'ERR_TLS_HANDSHAKE_TIMEOUT' }])
  })

  attack('T88', 'cuts a secure connection whose headers do not come', async () => {
    const server = { tls: tls(), timeouts: { ...timeouts, headerSeconds: 0.5 } }
    const listening = await startListening(gatewayWith(server, ...twoTenants()))
    open.push(listening)
    const socket = await openSecure(listening.listener.port, { ca: authority.cert, servername: 'payroll.example' })
    expect(await exchange(socket, 'GET / HTTP/1.1\r\nHost: pay')).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('ends the connections that are at their handshake together with all others', async () => {
    const { listener } = await start()
    const wire = await openWire(`http://localhost:${listener.port}`)
    wire.send(Buffer.from([0x16, 3]))
    await until('the connection', () => listener.connections() === 1)
    expect(await listener.drain(5)).toBe(true)
    expect(await wire.closed()).toBe(true)
  })
})

describe('Strict-Transport-Security', () => {
  test('is on every answer of a tenant, ours and the application’s, where the gateway ends TLS', async () => {
    const { listener } = await start({ hstsSeconds: 1_000 })
    upstream.handle((request, response) => {
      if (request.url === '/own') response.setHeader('strict-transport-security', 'max-age=5')
      response.end('x')
      return true
    })
    const options = { ca: authority.cert, servername: 'payroll.example' }
    const rules: string[] = []
    for (const path of ['/', '/own', '/private', '/%2e%2e/', '/.auth/me', '/.auth/signed-out', '/.auth/nothing']) {
      const answer = await exchange(await openSecure(listener.port, options), ask('payroll.example', path))
      rules.push(`${path} ${answer.slice(9, 12)} ${/^strict-transport-security: (.*)\r$/im.exec(answer)?.[1]}`)
    }
    upstream.handle(null)
    expect(rules).toEqual([
      '/ 200 max-age=1000',
      '/own 200 max-age=5',
      '/private 401 max-age=1000',
      '/%2e%2e/ 400 max-age=1000',
      '/.auth/me 401 max-age=1000',
      '/.auth/signed-out 200 max-age=1000',
      '/.auth/nothing 404 max-age=1000',
    ])
    const handshake = 'GET / HTTP/1.1\r\nHost: payroll.example\r\nConnection: Upgrade\r\nUpgrade: no\r\n\r\n'
    expect(await exchange(await openSecure(listener.port, options), handshake)).toMatch(
      /^HTTP\/1\.1 400 [\s\S]*\r\nStrict-Transport-Security: max-age=1000\r\n/,
    )
  })

  test('is not sent without a lifetime, nor where something in front ends TLS', async () => {
    const { listener } = await start()
    const socket = await openSecure(listener.port, { ca: authority.cert, servername: 'payroll.example' })
    expect(await exchange(socket, ask('payroll.example'))).not.toMatch(/strict-transport/i)
    const plain = await startListening(gatewayWith({}, ...twoTenants()))
    open.push(plain)
    expect((await speak(plain.origin, ask('payroll.example')))?.head).not.toMatch(/strict-transport/i)
  })
})
