/** Tables over plain data: which cookies are bound, and what becomes of them on either way. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import { boundCookies } from '../../src/config/bound-cookie-names.ts'
import {
  bindSetCookie,
  type CookieBond,
  carriesBound,
  foldCookieName,
  isBound,
  releaseCookies,
} from '../../src/core/answer/bound-cookies.ts'
import { knownSessionCookies, scriptCookies } from '../../src/core/answer/known-cookies.ts'

const known = boundCookies(['known'])
/** Marks that can be read: whose, name and value stand in them. */
const of = (whose: string): CookieBond => ({
  bind: (name, value) => `<${whose}|${name}>.${value}`,
  release: (name, bound) =>
    bound.startsWith(`<${whose}|${name}>.`) ? bound.slice(whose.length + name.length + 4) : null,
})
const ada = of('ada')

for (const [name, bound] of [
  ['JSESSIONID', true],
  ['PHPSESSID', true],
  ['ASP.NET_SessionId', true],
  ['ASPSESSIONIDQADSRTBC', true],
  ['.AspNetCore.CookiesC2', true],
  ['_payroll_session', true],
  ['__Host-PHPSESSID', true],
  ['__Secure-JSESSIONID', true],
  ['__secure-session', true],
  ['__Host-theme', false],
  ['wordpress_sec_0123456789abcdef', true],
  ['XSRF-TOKEN', false],
  ['csrftoken', false],
  ['.AspNetCore.Antiforgery.abc', false],
  ['.AspNetCore.Culture', false],
  ['wordpress_test_cookie', false],
  ['theme', false],
  ['XJSESSIONID', false],
  ['JSESSIONIDX', false],
  ['', false],
] as const) {
  test(`isBound says ${bound} of ${name === '' ? 'no name' : name}, by the known names`, () =>
    assert.equal(isBound(known, name), bound))
}

test('knownSessionCookies has none that scripts read', () => {
  for (const name of scriptCookies) assert.equal(isBound(known, name), false, name)
  for (const name of knownSessionCookies) assert.equal(scriptCookies.has(foldCookieName(name)), false, name)
})

test('isBound leaves out what the list leaves out, in any spelling', () => {
  const list = boundCookies(['known', '-JSESSIONID', 'MY*ID', '-MYTRACKINGID'])
  assert.deepEqual(
    ['JSESSIONID', 'jsessionid', 'JSESSIONIDSSO', 'MYAPPID', 'MYTRACKINGID'].map((name) => isBound(list, name)),
    [false, false, true, true, false],
  )
})

for (const spelling of [
  'asp.net_sessionid',
  'ASP_NET_SessionId',
  'ASP%2ENET_SessionId',
  'ASP.NET%5fSessionId',
  'ASP.NET_SessionId[0]',
  'ASP[NET_SessionId',
  'ASP NET_SessionId',
  '\xa0ASP.NET_SessionId\x85',
  'ASP.NET_SessionId%00x',
  '"ASP.NET_SessionId"',
  '=ASP.NET_SessionId',
  '(ASP.NET_SessionId',
]) {
  test(`isBound sees through the spelling ${JSON.stringify(spelling)}`, () =>
    assert.equal(isBound(known, spelling), true))
}

for (const [what, sent, arrives] of [
  ['gives a bound cookie its value back', 'JSESSIONID=<ada|JSESSIONID>.A1.node1', 'JSESSIONID=A1.node1'],
  ['leaves out what has no mark', 'JSESSIONID=A1', null],
  ['leaves out what has the mark of somebody else', 'a=1; JSESSIONID=<bob|JSESSIONID>.A1; b=2', 'a=1; b=2'],
  ['leaves out what has the mark of another cookie', 'PHPSESSID=<ada|JSESSIONID>.A1', null],
  ['leaves out the mark of another spelling', 'jsessionid=<ada|JSESSIONID>.A1', null],
  [
    'judges two cookies of one name one by one',
    'JSESSIONID=<bob|JSESSIONID>.B; JSESSIONID=<ada|JSESSIONID>.A; x=1',
    'JSESSIONID=A; x=1',
  ],
  ['leaves out a listed name without a value', 'x=1; JSESSIONID', 'x=1'],
  ['gives back a value that is empty', 'JSESSIONID=<ada|JSESSIONID>.', 'JSESSIONID='],
  [
    'leaves order, blanks, quotes and doublets of all others',
    'theme="a b";lang=de;  JSESSIONID=<ada|JSESSIONID>."q==" ; theme=2;c',
    'theme="a b";lang=de;  JSESSIONID="q==" ; theme=2;c',
  ],
  ['finds what an old server would find behind a comma', 'x=1,JSESSIONID=A1; y=2', 'y=2'],
  ['finds it behind a comma in the name too', 'x,jsessionid=A1; y=2', 'y=2'],
  ['finds what Python finds behind a blank', 'x=1 sessionid=A1; y=2', 'y=2'],
  ['finds it behind a tab and other words too', 'x=1\tb sessionid = A1; y=2', 'y=2'],
  ['finds it where the first word has no value', 'secure sessionid=A1; y=2', 'y=2'],
  ['finds a name behind what can be no part of it', '=JSESSIONID=A1; "JSESSIONID"=A2; (JSESSIONID=A3; y=2', 'y=2'],
  ['finds it behind a comma there too', 'x=1,=JSESSIONID=A1; x=1,"JSESSIONID"=A2; y=2', 'y=2'],
  ['leaves words in values alone', 'x=my last session, PHPSESSID', 'x=my last session, PHPSESSID'],
  [
    'gives back a value with blanks and names in it',
    'JSESSIONID=<ada|JSESSIONID>.A session=1',
    'JSESSIONID=A session=1',
  ],
  ['leaves commas in values alone', 'x=1,y=2,3; z=a,b', 'x=1,y=2,3; z=a,b'],
  ['is not deceived by a value that repeats the name', 'x=JSESSIONID', 'x=JSESSIONID'],
] as const) {
  test(`releaseCookies ${what}`, () => assert.equal(releaseCookies(sent, known, ada), arrives))
}

test('releaseCookies sends none of them where nobody knows whose they are', () => {
  assert.equal(releaseCookies('a=1; JSESSIONID=<ada|JSESSIONID>.A1; b=2', known, null), 'a=1; b=2')
})

test('releaseCookies leaves everything alone where nothing is bound', () => {
  assert.equal(releaseCookies('JSESSIONID=A1;PHPSESSID=2', boundCookies([]), ada), 'JSESSIONID=A1;PHPSESSID=2')
})

for (const [what, line, expected] of [
  [
    'marks a value and leaves the attributes',
    'JSESSIONID=A1; Path=/app; HttpOnly',
    'JSESSIONID=<ada|JSESSIONID>.A1; Path=/app; HttpOnly',
  ],
  ['leaves blanks where they are', ' PHPSESSID = x ;path=/', ' PHPSESSID = <ada|PHPSESSID>.x ;path=/'],
  [
    'lets a deletion delete',
    'PHPSESSID=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0',
    'PHPSESSID=<ada|PHPSESSID>.deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0',
  ],
  ['marks an empty value', 'JSESSIONID=; Max-Age=0', 'JSESSIONID=<ada|JSESSIONID>.; Max-Age=0'],
  ['marks a cookie whose name only looks missing', '=JSESSIONID=A1', '=JSESSIONID=<ada|JSESSIONID>.A1'],
  ['leaves cookies that scripts read', 'XSRF-TOKEN=t; Path=/', 'XSRF-TOKEN=t; Path=/'],
  ['leaves what is no pair', 'JSESSIONID', 'JSESSIONID'],
  ['does not look into attributes', 'theme=1; JSESSIONID=x', 'theme=1; JSESSIONID=x'],
] as const) {
  test(`bindSetCookie ${what}`, () => assert.equal(bindSetCookie(line, known, ada), expected))
}

test('bindSetCookie takes a line off where nobody knows whose it would be, and leaves others', () => {
  assert.equal(bindSetCookie('JSESSIONID=A1', known, null), null)
  assert.equal(bindSetCookie('theme=1', known, null), 'theme=1')
})

test('what bindSetCookie marks, releaseCookies gives back to the byte, and nobody else gets', () => {
  const value = fc.string({ unit: fc.constantFrom(...'aZ09!#$%&\'()*+-./:<=>?@[]^_`{|}~"\xe4\xff'.split('')) })
  fc.assert(
    fc.property(
      fc.constantFrom('JSESSIONID', 'ASPSESSIONIDQADSRTBC', '.ASPXAUTH', 'connect.sid'),
      value,
      (name, text) => {
        const line = bindSetCookie(`${name}=${text}; Path=/`, known, ada) ?? ''
        const pair = line.slice(0, -'; Path=/'.length)
        assert.equal(releaseCookies(`a=1; ${pair}; b`, known, ada), `a=1; ${name}=${text}; b`)
        assert.equal(releaseCookies(`a=1; ${pair}; b`, known, of('bob')), 'a=1; b')
      },
    ),
  )
})

/** Where a pattern looks at each character of a run anew, these take minutes. */
const endless = 300_000
for (const [what, run] of Object.entries({
  'blanks in a name': `a.${' '.repeat(endless)}b`,
  'brackets in a name': '['.repeat(endless),
  'blanks in a value': `JSESSIONID=a${' '.repeat(endless)}b`,
  commas: `a=1${','.repeat(endless)}b`,
  words: 'a,'.repeat(endless / 2),
  'equals signs': `${'='.repeat(endless)}a`,
  'blanks behind an equals sign': `=${' '.repeat(endless)}b`,
})) {
  test(`releaseCookies and bindSetCookie look once at each of endless ${what} (T88)`, () => {
    carriesBound(known, run)
    releaseCookies(`JSESSIONID=x; ${run}`, known, ada)
    bindSetCookie(run, known, ada)
    bindSetCookie(`${run}=1; Path=/`, known, ada)
  })
}

test('carriesBound says whether anything is to be judged', () => {
  assert.deepEqual(
    [undefined, '', 'a=1; b', 'a=1; JSESSIONID=x', 'a=1,JSESSIONID=x'].map((cookie) => carriesBound(known, cookie)),
    [false, false, false, true, true],
  )
})
