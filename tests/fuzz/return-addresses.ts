/** Where people go after a sign-in: whatever is asked for, a browser stays on our origin (T34 to T39). */
import fc from 'fast-check'
import { safeReturnTo } from '../../src/core/answer/return-to.ts'
import { honestReturns, hostileReturns } from '../corpus/returns.ts'
import { type Property, property } from './property.ts'

const origin = 'https://payroll.example'

/** Of what such addresses are made, whole ones among them, so that mixtures come close to what could work. */
const piece = fc.oneof(
  fc.constantFrom('/', '//', '\\', '/\\', ':', '@', '?', '#', '.', '..', '%2f', '%5c', '%09', '%00', ';', '&', '='),
  fc.constantFrom('\t', '\n', '\r', ' ', '\u0000', '\u000b', '\u00a0', '\u2028', '\u3002', '\uff0f', '\ufeff'),
  fc.constantFrom('https:', 'http:', 'javascript:', 'data:', 'evil.example', 'payroll.example', origin, '.auth', 'x'),
  fc.constantFrom(...hostileReturns),
  fc.string({ unit: 'binary', maxLength: 4 }),
)

/** Characters that an honest path and query may have, of an address that begins with one name. */
const honestCharacter = fc.constantFrom(...'abcXYZ019-._~!$&\'()*+,;=:@/?%[]{}|^"<>`')
const honest = fc
  .tuple(fc.stringMatching(/^[a-zA-Z0-9_-]{1,8}$/), fc.array(honestCharacter, { maxLength: 40 }))
  .map(([name, rest]) => `/${name}?${rest.join('')}`)

export const returnAddresses: readonly Property[] = [
  property(
    'safeReturnTo gives nothing that a browser takes for another origin, nor for an endpoint of ours',
    3_000,
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const found = safeReturnTo(pieces.join(''), origin)
      if (found === null) return true
      // As a Location header of an answer of ours, and as a link on a page of ours.
      const url = new URL(found, `${origin}/.auth/callback`)
      const path = url.pathname.toLowerCase()
      return url.origin === origin && !path.startsWith('/.auth/') && path !== '/.auth' && !/[\x00-\x20\x7f]/.test(found)
    }),
  ),
  property(
    'safeReturnTo gives every honest address back byte for byte',
    1_000,
    fc.property(fc.oneof(honest, fc.constantFrom(...honestReturns)), (wanted) => {
      return safeReturnTo(wanted, origin) === wanted && safeReturnTo(origin + wanted, origin) === wanted
    }),
  ),
]
