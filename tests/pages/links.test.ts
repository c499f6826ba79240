import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { pathLink, policyOrigin, siteLink, supportLink } from '../../src/pages/links.ts'

const paths = [
  '/',
  '/a/b?c=d&e=f#g',
  '/search?q=https://other.example/&r=//x',
  '/a//b',
  '/a%2Fb%5Cc?d=%0d%0a',
  '/q?x=a\\b',
  '/Übersicht?ort=Zürich',
  '/app;jsessionid=12',
  '/a b',
  // Names in raw UTF-8, as Node hands them on.
  '/\u00c3\u0084nderung\u00e2\u0080\u00a8',
  '/a\u2028b',
  '/.auth/login?return_to=%2F',
]

/** The list of T34, and schemes (T39). */
const neverAllowed = [
  '',
  ' ',
  'a/b',
  '?a',
  '#a',
  '//evil.example',
  '///evil.example',
  '//gateway.invalid/a',
  '/\\evil.example',
  '\\\\evil.example',
  '\\/evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/\r\\evil.example',
  '\t//evil.example',
  ' /a',
  '/a\u0000b',
  '/a\r\nLocation: https://evil.example',
  '/a\u007f',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  '\u0001javascript:alert(1)',
  'javascript://x/%0aalert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:x',
  'blob:https://evil.example/1',
  'file:///etc/passwd',
  'ftp://evil.example/',
  'ms-settings:',
  'https:evil.example',
  'https:/evil.example',
  'https:\\\\evil.example',
  'https:///evil.example',
  'https://',
  'https://user@evil.example/',
  'https://payroll.contoso.com:secret@evil.example/',
  ' https://evil.example/',
]

describe('pathLink', () => {
  for (const path of paths)
    test(`pathLink gives back ${path} as it came`, () => assert.equal(pathLink(path, 'x'), path))
  for (const value of [...neverAllowed, 'https://evil.example/', 'http://evil.example/']) {
    test(`pathLink refuses ${JSON.stringify(value)} (T36)`, () => {
      assert.throws(() => pathLink(value, 'returnTo'), {
        name: 'TypeError',
        message: 'returnTo is not a path on this site',
      })
    })
  }
})

describe('siteLink', () => {
  for (const value of [...paths, 'https://login.example/oauth?a=b', 'http://localhost:4000/x', 'HTTPS://A.example']) {
    test(`siteLink gives back ${value} as it came`, () => assert.equal(siteLink(value, 'x'), value))
  }
  for (const value of neverAllowed) {
    test(`siteLink refuses ${JSON.stringify(value)} (T39)`, () => {
      assert.throws(() => siteLink(value, 'loginUrl'), {
        name: 'TypeError',
        message: 'loginUrl is not a link to a site',
      })
    })
  }
})

describe('supportLink', () => {
  const mail = { subject: 'Access to P&L', body: '\r\nAccount: Zoë' }
  const filled = '?subject=Access%20to%20P%26L&body=%0D%0AAccount%3A%20Zo%C3%AB'
  for (const [support, expected] of [
    ['it@contoso.com', `mailto:it@contoso.com${filled}`],
    ['mailto:it@contoso.com', `mailto:it@contoso.com${filled}`],
    ['first.last+tag@sub.contoso.co.uk', `mailto:first.last+tag@sub.contoso.co.uk${filled}`],
    ['https://help.contoso.com/new?app=payroll', 'https://help.contoso.com/new?app=payroll'],
    ['the service desk, phone 4711', null],
    ['http://help.contoso.com/', null],
    ['javascript:alert(1)//@contoso.com', null],
    ['it@contoso.com?bcc=evil@evil.example', null],
    ['it@contoso.com,evil@evil.example', null],
    ['it@contoso.com%0Abcc:evil@evil.example', null],
    ['it@contoso.com\n', null],
    ['it@localhost', null],
    ['https://user@help.contoso.com/', null],
    ['', null],
  ] as const) {
    test(`supportLink makes ${expected === null ? 'no link' : 'a link'} of ${JSON.stringify(support)}`, () => {
      assert.equal(supportLink(support, mail), expected)
    })
  }
})

describe('policyOrigin', () => {
  for (const origin of [
    'https://login.microsoftonline.com',
    'https://my_portal.contoso.com',
    'http://localhost:4000',
    'http://[::1]:4000',
  ]) {
    test(`policyOrigin accepts ${origin}`, () => assert.equal(policyOrigin(origin), origin))
  }
  for (const value of [
    '*',
    'https:',
    'https://*',
    'https://a.example/',
    'https://a.example;script-src *',
    'https://a.example *',
    "https://a.example 'unsafe-inline'",
    'https://A.example',
    'https://a.example:443',
    'https://a.example,b',
    'data:',
    "'none'",
    '',
  ]) {
    test(`policyOrigin refuses ${JSON.stringify(value)}`, () => {
      assert.throws(() => policyOrigin(value), {
        name: 'TypeError',
        message: 'an entry of the policy is not an origin',
      })
    })
  }
})
