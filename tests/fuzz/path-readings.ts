/** How a path may be read: no reading is a way out, and nothing that means the same decides differently (T1 to T14). */
import fc from 'fast-check'
import { type Located, locate } from '../../src/core/request/locate.ts'
import { readPath } from '../../src/core/request/path.ts'
import { facts, gateway, route, tenant } from '../core/build.ts'
import { paths } from '../corpus/paths.ts'
import { type Property, property } from './property.ts'

const piece = fc.oneof(
  fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    ';',
    ';x=1',
    '%2e',
    '%2E',
    '%2F',
    '%2f',
    '%5c',
    '%5C',
    '%',
    '25',
    '%25',
    '%252f',
  ),
  fc.constantFrom('a', 'B', 'admin', 'ADMIN', 'public', 'adm%69n', ' ', '%20', '%00', '(S(x))', '%3b', '%3B', '%c0%ae'),
  fc.constantFrom(
    '\\',
    '%ef%bc%8f',
    '%E2%80%8B',
    '%EF%BC%8E',
    '%c3%a9',
    '\u00e9',
    '::$DATA',
    '~1',
    '#',
    '%23',
    '%3f',
    '*',
  ),
  fc.constantFrom(...paths.map(({ raw }) => raw)),
  fc.string({ unit: 'binary', maxLength: 3 }),
)
const path = fc.array(piece, { maxLength: 10 }).map((pieces) => `/${pieces.join('')}`)

const tenants = [
  tenant({ routes: [route('/', 'public'), route('/admin', ['admin']), route('/admin/open', 'public')] }),
  tenant({ routes: [route('/', ['admin']), route('/public', 'public'), route('/Public/x', 'signed-in')] }),
]
const gateways = tenants.map((each) => gateway(each))

/** What is decided of a target, without what only says it in other words. */
function judged(located: Located): string {
  if (located.at === 'route') return JSON.stringify([located.route.path, located.requirement])
  return located.at === 'refused' ? 'refused' : located.at
}
const judge = (target: string) => gateways.map((each) => judged(locate(each, facts({ target })))).join(' ')

const outOfBounds = /(?:^|[/\ue000])\.{1,2}(?:[/\ue000]|$)|\\|[\x00-\x1f\x7f]|^\/\//
const hexUpper = (text: string) => text.replace(/%[0-9a-f]{2}/gi, (hex) => hex.toUpperCase())
const hexLower = (text: string) => text.replace(/%[0-9a-f]{2}/gi, (hex) => hex.toLowerCase())

export const pathReadings: readonly Property[] = [
  property(
    'readPath never gives a reading with a dot segment, a backslash, a control character or two slashes at its beginning',
    3_000,
    fc.property(path, (raw) => {
      const result = readPath(raw)
      if ('refused' in result) return true
      return (
        result.readings.length <= 64 && result.readings.every((each) => each.startsWith('/') && !outOfBounds.test(each))
      )
    }),
  ),
  property(
    'readPath refuses what it refuses behind every prefix too',
    2_000,
    fc.property(path, fc.constantFrom('/a', '/public', '/x/y', '/admin'), (raw, prefix) => {
      const result = readPath(raw)
      // Two slashes are a host at the beginning alone.
      if (!('refused' in result) || result.refused === 'leading-slashes') return true
      return 'refused' in readPath(prefix + raw)
    }),
  ),
  property(
    'locate decides the same whatever the case of the hex digits',
    1_500,
    fc.property(path, (raw) => judge(hexUpper(raw)) === judge(hexLower(raw))),
  ),
  property(
    'locate decides the same whatever the query is',
    1_500,
    fc.property(path, fc.array(piece, { maxLength: 5 }), (raw, query) => {
      const target = raw.replaceAll('?', '')
      return judge(target) === judge(`${target}?${query.join('').replaceAll(/[^\x21-\x7e]|#/g, '')}`)
    }),
  ),
  property(
    'locate never asks less of a path than of any reading of it that is written plainly',
    1_500,
    fc.property(path, (raw) => {
      const result = readPath(raw)
      if ('refused' in result) return true
      return gateways.every((each) => {
        const decided = locate(each, facts({ target: raw }))
        if (decided.at !== 'route') return true
        return result.readings.every((reading) => {
          // Only what needs no escapes can be written down as it is read.
          if (!/^[\w/.-]+$/.test(reading)) return true
          const plain = locate(each, facts({ target: reading }))
          return plain.at !== 'route' || rank(decided) >= rank(plain)
        })
      })
    }),
  ),
]

function rank(located: Extract<Located, { at: 'route' }>): number {
  return ['public', 'optional', 'signed-in', 'roles'].indexOf(located.requirement.level)
}
