import assert from 'node:assert/strict'
import { test } from 'vitest'
import type { PublicUrl } from '../../src/core/gateway.ts'
import { normaliseServerName, tenantNamed } from '../../src/core/request/server-name.ts'
import { gateway, tenant } from './build.ts'

const at = (host: string): PublicUrl => ({ scheme: 'https', host, origin: `https://${host}` })
// The first has a port, and so comes second to who has the same name without one.
const guest = tenant({ name: 'guest', publicUrl: at('payroll.example:9443'), aliases: [at('only.example:9443')] })
const payroll = tenant({ publicUrl: at('payroll.example'), aliases: [at('pay.example')] })
const six = tenant({ name: 'six', publicUrl: at('[::1]:8443') })
const all = gateway(guest, payroll, six)

for (const [name, expected] of [
  ['payroll.example', 'payroll'],
  ['pay.example', 'payroll'],
  ['only.example', 'guest'],
  ['[::1]', 'six'],
  ['payroll.example:9443', null],
  ['nobody.example', null],
  ['example', null],
  ['', null],
  ['__proto__', null],
] as const) {
  test(`tenantNamed gives ${name} to ${expected}`, () => assert.equal(tenantNamed(all, name)?.name ?? null, expected))
}

test('tenantNamed keeps the name of whoever is off or broken from tenants on other ports (T133)', () => {
  for (const why of ['off', 'broken'] as const) {
    const closedHosts = new Map([['payroll.example', { tenant: 'payroll', why }]])
    assert.equal(tenantNamed({ ...gateway(guest), closedHosts }, 'payroll.example'), null)
  }
  const elsewhere = new Map([['only.example:8443', { tenant: 'payroll', why: 'off' as const }]])
  assert.equal(tenantNamed({ ...gateway(guest), closedHosts: elsewhere }, 'only.example')?.name, 'guest')
})

test('normaliseServerName spells a name as hosts are spelled', () => {
  assert.equal(normaliseServerName('PayRoll.Example.'), 'payroll.example')
})
