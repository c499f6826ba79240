import assert from 'node:assert/strict'
import { test } from 'vitest'
import { strictTransport } from '../../src/core/answer/strict-transport.ts'
import type { ListenerTls } from '../../src/core/gateway.ts'
import { Secret } from '../../src/core/secret.ts'
import { gateway, tenant } from './build.ts'

const certificate = { chain: '', key: new Secret('x'), expiresAt: 0 }
const tls = (hstsSeconds: number): ListenerTls => ({ certificate, redirectFrom: null, hstsSeconds })
const payroll = tenant()
const local = tenant({ publicUrl: { scheme: 'http', host: 'localhost:8080', origin: 'http://localhost:8080' } })

for (const [name, rule, of, expected] of [
  ['says for how long', tls(300), payroll, 'max-age=300'],
  ['says nothing where it is switched off', tls(0), payroll, null],
  ['says nothing where something in front ends TLS', null, payroll, null],
  ['says nothing on localhost without TLS', tls(300), local, null],
  ['says nothing on a host that is nobody’s', tls(300), null, null],
] as const) {
  test(`strictTransport ${name}`, () => {
    const built = gateway(payroll)
    assert.equal(strictTransport({ ...built, server: { ...built.server, tls: rule } }, of), expected)
  })
}
