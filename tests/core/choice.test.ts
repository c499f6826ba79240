import { expect, test } from 'vitest'
import type { EntraProvider } from '../../src/core/gateway.ts'
import { chooseProvider, shortName, type Wish } from '../../src/core/identity/choice.ts'
import { contoso, tenant } from './build.ts'

const provider = (name: string, ...emailDomains: readonly string[]): EntraProvider => ({
  ...contoso,
  name,
  emailDomains,
})
const three = tenant({
  providers: [
    provider('contoso', 'contoso.com', 'shared.example'),
    provider('payroll/partners', 'partners.example', 'eu.contoso.com', 'shared.example'),
    provider('guests'),
  ],
})
const nothing: Wish = { named: null, email: null, hinted: null, remembered: null }

for (const [what, wish, expected] of [
  ['asks the person where nobody has said anything', {}, 'person'],
  ['takes the one that is named', { named: 'guests', email: 'a@contoso.com', remembered: 'contoso' }, 'guests'],
  ['knows a provider of the tenant’s own by the name that it has there', { named: 'partners' }, 'payroll/partners'],
  ['does not know it by its whole name', { named: 'payroll/partners' }, 'person'],
  ['passes over a name that is not there', { named: 'contosso', remembered: 'guests' }, 'guests'],
  ['finds the one for an e-mail domain, in any case of letters', { email: 'Ada@CONTOSO.com' }, 'contoso'],
  ['finds the one for a domain above it', { email: 'ada@hr.de.contoso.com' }, 'contoso'],
  ['prefers the nearest domain', { email: 'ada@hr.eu.contoso.com' }, 'payroll/partners'],
  ['does not take a domain that ends alike for one below it', { email: 'ada@evilcontoso.com' }, 'person'],
  ['asks where two are for one domain', { email: 'ada@shared.example' }, 'person'],
  [
    'asks where an address was typed that nobody is for, whatever is remembered',
    { email: 'a@b.example', remembered: 'guests' },
    'person',
  ],
  ['asks where no address was typed', { email: 'contoso.com', remembered: 'guests' }, 'person'],
  ['takes the last @ of several', { email: 'ada@contoso.com@partners.example' }, 'payroll/partners'],
  ['looks no longer domain up than there can be (T88)', { email: `a@${'x.'.repeat(4_000)}contoso.com` }, 'person'],
  ['goes by the hint of a link', { hinted: 'a@contoso.com', remembered: 'guests' }, 'contoso'],
  ['goes by a domain that a link hints at', { hinted: '@partners.example' }, 'payroll/partners'],
  [
    'falls back on what is remembered where a hint says nothing',
    { hinted: 'a@b.example', remembered: 'guests' },
    'guests',
  ],
  ['forgets what is not there any more', { remembered: 'gone' }, 'person'],
] as const) {
  test(`chooseProvider ${what}`, () => {
    const found = chooseProvider(three, { ...nothing, ...wish })
    expect('ask' in found ? found.ask : found.provider.name).toBe(expected)
  })
}

test('chooseProvider takes the only one, whatever is wished for', () => {
  for (const wish of [{}, { named: 'other' }, { email: 'a@b.example' }, { remembered: 'gone' }]) {
    const found = chooseProvider(tenant(), { ...nothing, ...wish })
    expect('provider' in found && shortName(found.provider)).toBe('contoso')
  }
})
