import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { outcomes } from '../../src/core/answer/outcomes.ts'
import { listenForManagement } from '../../src/http/management.ts'
import { createHealth } from '../../src/ops/health.ts'
import { createMetrics } from '../../src/ops/metrics.ts'
import { attack } from '../attacks/attack.ts'
import { until } from '../redis.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn, type Visitor } from '../visitor.ts'
import { gatewayWith, openTenant, startListening } from './listening.ts'
import { bytesOf, speak } from './wire.ts'

let stage: Stage
let uwe: Visitor

beforeAll(async () => {
  stage = await startStage()
  uwe = createVisitor()
  await signIn(uwe, `${stage.origin}/`, 'uwe@contoso.example')
})
afterAll(async () => {
  uwe.close()
  await stage.close()
})

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)$/

/** The metrics, by name with labels. Throws for what Prometheus could not read. */
async function metrics(): Promise<ReadonlyMap<string, number>> {
  const reply = await uwe.ask(`${stage.management}/metrics`)
  const found = new Map<string, number>()
  for (const each of reply.body.split('\n')) {
    if (each === '' || each.startsWith('# HELP ') || each.startsWith('# TYPE ')) continue
    const parts = line.exec(each)
    // A mean of nothing is NaN, in whatever case: Prometheus reads it.
    if (parts === null || (Number.isNaN(Number(parts[3])) && !/^nan$/i.test(parts[3] ?? '')))
      throw new Error(`not Prometheus: ${each}`)
    found.set(parts[2] === undefined ? (parts[1] ?? '') : `${parts[1]}{${parts[2]}}`, Number(parts[3]))
  }
  return found
}

const requests = (outcome: string, tenant = 'payroll') =>
  `sallyport_requests_total{tenant="${tenant}",outcome="${outcome}"}`

describe('the management listener', () => {
  attack('T125', 'answers nothing that comes through a gateway: a tenant could name it as its upstream', async () => {
    const port = Number(new URL(stage.management).port)
    const listening = await startListening(gatewayWith({}, openTenant('evil', port)))
    for (const path of ['/readyz', '/metrics', '/healthz']) {
      expect((await uwe.ask(`${stage.management}${path}`)).status).toBe(200)
      const through = await speak(listening.origin, bytesOf(listening.origin, `GET ${path}`, ['Host: evil.example']))
      expect([through?.status, through?.body]).toEqual([404, 'not found\n'])
    }
    await listening.close()
  })

  test('says that the process lives', async () => {
    const reply = await uwe.ask(`${stage.management}/healthz`)
    expect([reply.status, reply.body]).toEqual([200, 'ok\n'])
  })

  test('says that it can serve, with detail', async () => {
    const reply = await uwe.ask(`${stage.management}/readyz`)
    expect(reply.status).toBe(200)
    expect(JSON.parse(reply.body)).toMatchObject({ ready: true, detail: { sessionStore: 'ready', gateway: 'serving' } })
  })

  test('counts what happens', async () => {
    const before = await metrics()
    await uwe.ask(`${stage.origin}/x`)
    await uwe.ask(`${stage.origin}/admin`)
    await uwe.ask(`${stage.origin}/x/../y`)
    await createVisitor().ask(`${stage.origin}/x`)
    await createVisitor().ask(`${stage.origin}/x`, { headers: { accept: 'text/html' } })
    await speak(stage.origin, bytesOf(stage.origin, 'GET /', ['Host: nobody.example']))
    await speak(stage.origin, 'GARBAGE\r\n\r\n')
    const after = await metrics()
    const moved = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
    for (const outcome of ['forwarded', 'role_missing', 'path_refused', 'login_required', 'login']) {
      expect(moved(requests(outcome)), outcome).toBe(1)
    }
    expect(moved(requests('tenant_unknown', ''))).toBe(1)
    expect(moved(requests('request_malformed', ''))).toBe(1)
    expect(moved('sallyport_sign_ins_total{tenant="payroll",outcome="started"}')).toBe(1)
    expect(moved('sallyport_forwarded_seconds_count{tenant="payroll"}')).toBe(1)
    expect(after.get('sallyport_connections')).toBeGreaterThan(0)
    expect(after.get('sallyport_tunnels')).toBe(0)
    expect(after.get('sallyport_session_store_ready')).toBe(1)
  })

  attack('T88', 'takes labels from a closed set, whatever callers send', async () => {
    for (let at = 0; at < 50; at += 1) {
      await speak(stage.origin, bytesOf(stage.origin, `GET /path-${at}`, [`Host: host-${at}.example`]))
      await speak(stage.origin, bytesOf(stage.origin, `GET /path-${at}?q=${at}`, [`User-Agent: agent-${at}`]))
    }
    const known = [
      ...Object.keys(outcomes),
      'forwarded',
      'login',
      'answered',
      'tunnelled',
      'caller_gone',
      'upstream_broke',
    ]
    for (const name of (await metrics()).keys()) {
      expect(name).not.toMatch(/path-|host-|agent-/)
      const outcome = /^sallyport_requests_total\{.*outcome="([^"]*)"/.exec(name)?.[1]
      if (outcome !== undefined) expect(known).toContain(outcome)
    }
  })

  test('knows nothing else, and nothing under another spelling', async () => {
    for (const path of ['/', '/x', '/healthz/', '/HEALTHZ', '/healthz?x', '//healthz', '/.auth/me', '/metrics/../x']) {
      expect((await uwe.ask(`${stage.management}${path}`)).status, path).toBe(404)
    }
  })

  attack('T86', 'is not to be had on the main listener', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      const probe = { 'user-agent': 'kube-probe/1.30' }
      expect((await createVisitor().ask(`${stage.origin}${path}`, { headers: probe })).status, path).toBe(401)
      const reply = await uwe.ask(`${stage.origin}${path}`)
      expect(JSON.parse(reply.body)).toMatchObject({ url: path })
    }
  })

  attack('T90', 'tells no secret', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      const { body } = await uwe.ask(`${stage.management}${path}`)
      expect(body).not.toMatch(/secret|contoso\.example|eyJ/i)
    }
  })

  test('answers 500 where a figure cannot be worked out, and lives', async () => {
    const broken = createMetrics()
    broken.gauge('sallyport_broken', 'Cannot be read.', () => {
      throw new Error('planted')
    })
    const management = await listenForManagement({ host: '127.0.0.1', port: 0 }, createHealth(), broken)
    const at = (path: string) => uwe.ask(`http://127.0.0.1:${management.port}${path}`)
    const reply = await at('/metrics')
    expect([reply.status, reply.body]).toEqual([500, 'failed\n'])
    expect((await at('/healthz')).status).toBe(200)
    await management.close()
  })

  test('turns readiness off while the gateway ends, and goes on living', async () => {
    const other = await startStage()
    const ended = other.running.end({ lameDuckSeconds: 1 })
    const reply = await uwe.ask(`${other.management}/readyz`)
    expect(reply.status).toBe(503)
    expect(JSON.parse(reply.body)).toMatchObject({ ready: false, detail: { gateway: 'draining' } })
    expect((await uwe.ask(`${other.management}/healthz`)).status).toBe(200)
    const late = await createVisitor().ask(`${other.origin}/public`)
    expect([late.status, late.headers.connection]).toEqual([200, 'close'])
    await ended
    await until('the end', async () => (await uwe.ask(`${other.management}/healthz`).catch(() => null)) === null)
    await other.upstream.close()
    await other.emulator.close()
  })
})
