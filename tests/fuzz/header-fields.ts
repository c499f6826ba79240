/** What an application is told: whatever a caller sends, only we speak for a person (T21, T25 to T33). */
import fc from 'fast-check'
import { finishHeaders } from '../../src/core/answer/headers.ts'
import { foldName, isIdentityName } from '../../src/core/answer/identity-names.ts'
import type { HeaderEntry } from '../../src/core/gateway.ts'
import { facts, session, tenant, toUpstream } from '../core/build.ts'
import { hostileNames } from '../corpus/headers.ts'
import { type Property, property } from './property.ts'

const entries: readonly HeaderEntry[] = [
  { name: 'X-Forwarded-User', parts: [{ claim: 'oid' }] },
  { name: 'X-Forwarded-Groups', parts: [{ list: 'roles' }] },
]
const to = toUpstream({ headers: { entries, encoding: 'utf8', accessToken: null } })
const payroll = tenant()
const ada = { session: session(), roles: { roles: ['user'], matched: [], admitted: true } }

/** As Node has them: lower case, and every character that HTTP allows in a name. */
const separator = fc.constantFrom('-', '_', '.', '~', '', '--', "'", '!', '|', '^')
const anyName = fc.oneof(
  fc.constantFrom(...hostileNames).map((name) => name.toLowerCase()),
  fc
    .tuple(fc.constantFrom(...hostileNames), separator)
    .map(([name, by]) => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, by)),
  fc.stringMatching(/^[a-z0-9!#$%&'*+.^_`|~-]{1,20}$/),
  fc.constantFrom('cookie', 'authorization', 'connection', 'te', 'host', 'x-request-id', '__proto__', 'constructor'),
)
const value = fc.oneof(fc.constant('planted'), fc.constant('planted, x-forwarded-user'), fc.string({ maxLength: 20 }))
const fields = fc.dictionary(anyName, value, { maxKeys: 8, noNullPrototype: true })

/** Names that a request carries, as an application that folds them would read them. */
const folded = (headers: object) => Object.keys(headers).map(foldName)

export const headerFields: readonly Property[] = [
  property(
    'finishHeaders sends our own word for a person, once, and nobody else’s',
    3_000,
    fc.property(fields, fc.boolean(), (headers, signedIn) => {
      const sent = finishHeaders(facts({ headers }), { tenant: payroll, to }, signedIn ? ada : null, 'id-1')
      const speaking = folded(sent).filter((name) => name === 'x-forwarded-user')
      if (speaking.length !== (signedIn ? 1 : 0)) return false
      if (signedIn && sent['x-forwarded-user'] !== ada.session.facts.objectId) return false
      return Object.entries(sent).every(([name, said]) => {
        const isOurs = !Object.hasOwn(headers, name) || said !== headers[name]
        return isOurs || !isIdentityName(payroll, foldName(name))
      })
    }),
  ),
  property(
    'finishHeaders says of every request where it came from, in our words',
    1_000,
    fc.property(fields, (headers) => {
      const sent = finishHeaders(facts({ headers }), { tenant: payroll, to }, null, 'id-1')
      const ours = { 'x-forwarded-for': '192.0.2.1', 'x-request-id': 'id-1', 'x-forwarded-host': 'payroll.example' }
      return (
        Object.entries(ours).every(([name, said]) => sent[name] === said) &&
        folded(ours).every((name) => folded(sent).filter((each) => each === name).length === 1)
      )
    }),
  ),
]
