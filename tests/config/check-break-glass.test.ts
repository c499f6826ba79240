// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { warningsOf } from '../../src/config/warnings.ts'
import { env, linesOf, load, minimal, tenant } from './written.ts'

const hash = `$scrypt$ln=17,r=8,p=1$${'a'.repeat(22)}$${'b'.repeat(43)}`
const anna = { name: 'anna', password: '${env:ANNA}', tenants: ['payroll'], role: 'admin' }
const roles = [{ name: 'admin', groups: ['aaaaaaaa-1111-2222-3333-444444444444'] }]
const file = (breakGlass: object, also: object = {}) => ({
  ...minimal(),
  server: { consoleUrl: 'https://gate.contoso.com' },
  tenants: [tenant('payroll', { roles })],
  breakGlass: { accounts: [anna], ...breakGlass },
  ...also,
})
const withHash = { env: { ...env, ANNA: hash } }
const lines = (written: object) => linesOf(written as never, withHash)

describe('checkBreakGlass', () => {
  test('checkBreakGlass takes an account, and gives each password an authority of its own', () => {
    const one = load(file({}) as never, withHash)
    assert.deepEqual(
      one.tenants[0]?.emergency.map(({ name, role }) => [name, role]),
      [['anna', 'admin']],
    )
    const { opens, outageSeconds, openWhile, lifetimeSeconds, graceSeconds } = one.breakGlass ?? {}
    assert.deepEqual(
      [opens, outageSeconds, openWhile, lifetimeSeconds, graceSeconds],
      ['on-outage', 300, null, 3_600, 900],
    )
    const two = load(file({}) as never, { env: { ...env, ANNA: hash.replace(/b$/, 'c') } })
    assert.notEqual(one.tenants[0]?.emergency[0]?.authority, two.tenants[0]?.emergency[0]?.authority)
    assert(!JSON.stringify(one).includes('bbbb'))
  })

  test('checkBreakGlass wants an origin for it that no application has, on any port, by any name', () => {
    const needs = 'breakGlass: without `server.consoleUrl` nobody could sign in: it needs an origin of its own'
    assert.deepEqual(lines(file({}, { server: {} })), [needs])
    const has = 'the gateway\u2019s own console (`server.consoleUrl`) has this host name'
    for (const [publicUrl, consoleUrl] of [
      ['https://payroll.contoso.com', 'https://payroll.contoso.com'],
      ['https://payroll.contoso.com', 'https://payroll.contoso.com:8443'],
      ['https://payroll.contoso.com:8443', 'https://PAYROLL.contoso.com'],
    ]) {
      const tenants = [tenant('payroll', { roles, publicUrl })]
      assert.deepEqual(lines(file({}, { server: { consoleUrl }, tenants })), [`tenants[0].publicUrl: ${has}`])
    }
    const tenants = [tenant('payroll', { roles, aliases: ['https://gate.contoso.com:444'] })]
    assert.deepEqual(lines(file({}, { tenants })), [`tenants[0].aliases[0]: ${has}`])
    assert.match(lines(file({}, { server: { consoleUrl: 'http://gate.contoso.com' } })).join(), /only https/)
  })

  test('checkBreakGlass wants a way for an operator to open what never opens by itself', () => {
    const never = 'breakGlass.open: without `openWhile` it would never be open'
    assert.deepEqual(lines(file({ open: 'by-operator' })), [never])
    assert.deepEqual(lines(file({ open: 'by-operator', openWhile: '/run/open' })), [])
  })

  test('checkBreakGlass knows the tenants, and one account of each name', () => {
    const wrong = { ...anna, tenants: ['payrol'] }
    assert.deepEqual(lines(file({ accounts: [wrong] })), [
      'breakGlass.accounts[0].tenants[0]: there is no tenant of this name',
    ])
    const twice = 'breakGlass.accounts[1].name: another account has this name'
    assert.deepEqual(lines(file({ accounts: [anna, anna] })), [twice])
  })

  test('checkBreakGlass takes no password, and no hash in the open', () => {
    const found = (password: string, value: string) =>
      linesOf(file({ accounts: [{ ...anna, password }] }) as never, { env: { ...env, ANNA: value } }).join()
    assert.match(found('${env:ANNA}', 'correct horse battery staple'), /this is not a password hash/)
    assert.match(found('${env:ANNA}', hash.replace('ln=17', 'ln=12')), /only the cost ln=17,r=8,p=1 is taken/)
    assert.match(found(hash, ''), /breakGlass\.accounts\[0\]\.password: /)
  })

  test('a tenant cannot say any of it', () => {
    const tenants = [tenant('payroll', { roles, breakGlass: { accounts: [anna] } })]
    assert.deepEqual(lines(file({}, { tenants })), ['tenants[0].breakGlass: this key is not known'])
    assert.match(
      lines(file({}, { defaults: { breakGlass: {} } })).join(),
      /defaults\.breakGlass: this key is not known/,
    )
  })
})

describe('warningsOf', () => {
  test('warningsOf says who comes in past the provider, and which account does not', () => {
    const cook = { ...anna, name: 'bert', role: 'cook' }
    const gateway = load(file({ accounts: [anna, cook] }) as never, withHash)
    assert.deepEqual(
      warningsOf(gateway).map(({ message }) => message),
      [
        'past the provider, while no provider answers or the operator opens it, these come in: anna as admin',
        'the account bert does not come in: the tenant has no role cook',
      ],
    )
  })
})
