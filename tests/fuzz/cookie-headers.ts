/** What a Cookie header means: one session or none, and others' cookies stay as they are (T30, T77, T78, T88). */
import fc from 'fast-check'
import { ownCookieNames, withoutOwnCookies } from '../../src/core/answer/cookies.ts'
import {
  findSessionCookie,
  newSessionId,
  readBinding,
  signedValue,
  verifySessionCookie,
} from '../../src/session/cookie.ts'
import { type Property, property } from './property.ts'

const keys = ['a-key-of-the-cookies-0123456789abcdef', 'an-older-key-of-the-cookies-0123456789']
const id = newSessionId(keys)
const good = signedValue(id, keys[0] ?? '')

const name = fc.oneof(
  fc.constantFrom(...ownCookieNames),
  fc.constantFrom('__Host-', '__host-sid', '__Host-sid2', 'x__Host-sid', '__Secure-sid', 'sid', 'JSESSIONID', '', ' '),
  fc.stringMatching(/^[a-z]{1,4}$/),
)
const value = fc.oneof(
  fc.constant(good),
  fc.constantFrom('', '=', '"', '%', 's%3A', `${good}=`, ` ${good}`, `${good}x`, good.toUpperCase(), id),
  fc.string({ unit: 'binary', maxLength: 12 }),
)
const separator = fc.constantFrom('; ', ';', ' ; ', ';;', '; ;', ', ', ';\t')
const header = fc
  .array(fc.tuple(name, fc.constantFrom('=', ' = ', '', '=='), value, separator), { maxLength: 8 })
  .map((pairs) => pairs.map((parts) => parts.join('')).join(''))

/** A plain reading of RFC 6265 section 5.4, for comparison: pairs in order, blanks around them cut. */
function pairsOf(text: string): readonly string[] {
  return text.split(';').map((pair) => pair.trim())
}
const nameOf = (pair: string) => (pair.split('=', 1)[0] ?? '').trim()

export const cookieHeaders: readonly Property[] = [
  property(
    'findSessionCookie finds a session only where exactly one cookie has its name, and its value is ours to the letter',
    3_000,
    fc.property(header, (text) => {
      const found = findSessionCookie(text)
      if (found === null || verifySessionCookie(found, keys) === null) return true
      const own = pairsOf(text).filter((pair) => pair.includes('=') && nameOf(pair) === '__Host-sid')
      return own.length === 1 && found === good && verifySessionCookie(found, keys) === id
    }),
  ),
  property(
    'verifySessionCookie takes no other value, however it differs',
    2_000,
    fc.property(fc.nat(good.length - 1), fc.string({ unit: 'binary', maxLength: 3 }), (at, text) => {
      const changed = good.slice(0, at) + text + good.slice(at + 1)
      return changed === good || verifySessionCookie(changed, keys) === null
    }),
  ),
  property(
    'withoutOwnCookies passes on none of ours, and all others in order, byte for byte',
    3_000,
    fc.property(header, (text) => {
      const kept = withoutOwnCookies(text) ?? ''
      const others = (each: string) =>
        pairsOf(each).filter((pair) => pair !== '' && !ownCookieNames.includes(nameOf(pair)))
      return (
        pairsOf(kept).every((pair) => !ownCookieNames.includes(nameOf(pair))) &&
        JSON.stringify(others(kept)) === JSON.stringify(others(text))
      )
    }),
  ),
  property(
    'readBinding reads what has the form of a binding, or nothing',
    1_000,
    fc.property(header, (text) => {
      const found = readBinding(text)
      return found === null || /^[\w-]{22}$/.test(found)
    }),
  ),
]
