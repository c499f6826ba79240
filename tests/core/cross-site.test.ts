import { describe, expect, test } from 'vitest'
import { isForeignRequest } from '../../src/core/request/cross-site.ts'
import { facts, tenant } from './build.ts'

const embedded = tenant({ embeddedBy: ['https://portal.example'] })
const own = 'https://payroll.example'

describe('isForeignRequest', () => {
  for (const [what, also, expected] of [
    ['a link of another site', { headers: { 'sec-fetch-site': 'cross-site' } }, false],
    [
      'a frame of another site',
      { kind: 'frame', headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' } },
      false,
    ],
    [
      'a frameset of another site',
      { kind: 'frame', headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'frame' } },
      false,
    ],
    [
      'an object of another site',
      { kind: 'frame', headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'object' } },
      true,
    ],
    [
      'an embed of another site',
      { kind: 'frame', headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'embed' } },
      true,
    ],
    ['a form of another site (T82)', { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } }, true],
    [
      'a form of another site in a frame (T82)',
      { method: 'POST', kind: 'frame', headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' } },
      true,
    ],
    ['an image or script of another site', { kind: 'data', headers: { 'sec-fetch-site': 'cross-site' } }, true],
    [
      'a fetch of another site',
      { kind: 'data', method: 'PUT', headers: { 'sec-fetch-site': 'cross-site', origin: own } },
      true,
    ],
    ['a value that no browser sends', { kind: 'data', headers: { 'sec-fetch-site': 'sideways' } }, true],
    ['the application itself', { method: 'POST', kind: 'data', headers: { 'sec-fetch-site': 'same-origin' } }, false],
    ['a sibling host, as with Lax', { method: 'POST', headers: { 'sec-fetch-site': 'same-site' } }, false],
    ['an address that was typed in', { headers: { 'sec-fetch-site': 'none' } }, false],
    ['an old browser that opens a page', {}, false],
    ['an old browser with a form of the application', { method: 'POST', headers: { origin: own } }, false],
    [
      'an old browser with a form of another site',
      { method: 'POST', headers: { origin: 'https://evil.example' } },
      true,
    ],
    ['an old browser with a form of a sandbox', { method: 'POST', headers: { origin: 'null' } }, true],
    ['a host that begins like ours', { method: 'POST', headers: { origin: `${own}.evil.example` } }, true],
    ['who changes something and says nothing of itself', { method: 'DELETE', kind: 'data' }, true],
    ['an upgrade of another site', { kind: 'upgrade', headers: { 'sec-fetch-site': 'cross-site' } }, true],
  ] as const) {
    test(`isForeignRequest ${expected ? 'holds back' : 'lets pass'} ${what}`, () => {
      expect(isForeignRequest(facts(also), embedded)).toBe(expected)
    })
  }
})
