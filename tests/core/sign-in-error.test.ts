import { describe, expect, test } from 'vitest'
import { catalogue } from '../../src/core/identity/aadsts-catalogue.ts'
import {
  codeName,
  familyOf,
  microsoftAbout,
  oftenSeen,
  readCode,
  signInError,
} from '../../src/core/identity/sign-in-error.ts'

/** Every code that people meet with a sign-in of an application, from Microsoft's list and from what is seen beside it. */
const known = `
  50011 500113 900971 70004 700016 700011 70001 7000112 7000229 90002 90019 50059 50128 50049 50194 90130 90124 9001023 9002332
  90027 90038 900382 900432 900439 700005 901002 90013 90014 900144 90023 9002313 90100 90102 900561 90056 90015 70005 700054
  70007 70003
  7000215 7000222 7000218 70002 700025 700027 700024 700023 700021 50012 50013 50027 50048 700030 70021 700211 700212 700213
  7002137 7002138 700229 1002012 50146 501461
  54005 70008 70000 700082 700084 70043 50173 50089 50132 50133 50085 501481 50147 501491 9002325 9002327 50196 28002 28003
  240002 240001
  70011 650053 700022 65001 65004 90094 90095 900941 90008 90093 65002 65005 650056 650057 650052 650054 500011 50001 90009
  50105 501051 50020 16000 16001 16002 160021 16003 50034 51004 50014 90072 50126 50056 50053 50055 50144 50057 500571 50058
  50072 50074 50076 50078 50079 50125 50140 50097 50199 50143 500208 500212 500213 500021 500022 50002 90099 1000031 50177
  53000 53001 53002 53003 530032 530035 53004 53010 53011 530034 50005 50129 50155 50158 50131 50135 50168 220450 135011 50187
  54000
  90033 90006 90024 90090 50033 50087 90012 90055 50000 90036 165004 50107 20001 20012 20033 90081 80001 80002 80005 80007
  80010 80012 80013 80014 81004 81005 81006 81007 81008 81009 81010 81011 81012 40008 40009 40010 40011 40012 40013 40014
  40015 50061 50068 50070 50071 75005 7500514 7500529 75011 76021 750054 900384 50006 50003`
  .trim()
  .split(/\s+/)
  .map(Number)

describe('catalogue', () => {
  test('has every code, once', () => {
    const all = catalogue.flatMap(({ codes }) => codes)
    expect(all.filter((code, at) => all.indexOf(code) !== at)).toEqual([])
    expect(all.toSorted()).toEqual(known.toSorted())
  })

  for (const { codes, happened, fix, who, helps } of catalogue) {
    test(`says of ${codes.join(', ')} in whole words what happened and what to do`, () => {
      expect(happened).toMatch(/^[A-Z].{15,90}[^.]$/)
      expect(fix).toMatch(/^[A-Z].+[.]$/)
      expect(fix.split('`').length % 2).toBe(1)
      expect(new Set(who).size).toBe(who.length)
      // What people can do themselves is worth another try, and what nobody has to mend passes.
      if (who[0] === 'person' || who[0] === 'nobody') expect(helps).toBeDefined()
      expect(happened + fix).not.toMatch(/[<>]|AADSTS|undefined/)
    })
  }

  for (const [code, who, helps, shown] of [
    [50011, ['operator'], undefined, 'there'],
    [50105, ['administrator'], 'account', 'both'],
    [53003, ['administrator'], undefined, 'both'],
    [7000222, ['operator'], undefined, 'here'],
    [65004, ['person'], 'again', 'here'],
    [90033, ['nobody'], 'again', 'both'],
  ] as const) {
    test(`says of ${code} who must act, what helps and where it is shown`, () =>
      expect(signInError(code)).toMatchObject({ code, who, shown, ...(helps === undefined ? {} : { helps }) }))
  }
})

describe('signInError', () => {
  test('signInError knows nothing of other codes', () => {
    for (const code of [0, 5010, 50106, 501050, Number.NaN, -50105]) expect(signInError(code)).toBe(null)
  })

  test('signInError knows all that are listed as often seen', () => {
    for (const code of oftenSeen) expect(signInError(code)?.shown, String(code)).not.toBe('here')
  })
})

describe('readCode', () => {
  for (const [text, expected] of [
    ['AADSTS50105', 50105],
    ['aadsts50105', 50105],
    ['AadSts7000215', 7000215],
    ['50105', 50105],
    ['  50105\n', 50105],
    ['AADSTS 50105', 50105],
    ['Error: AADSTS50105: Your administrator has configured …', 50105],
    ['AADSTS50105:', 50105],
    ['', null],
    ['AADSTS', null],
    ['5010', null],
    ['50105012', null],
    ['AADSTS50105012', null],
    ['AADSTS00105', null],
    ['call 50105 now', null],
    ['５０１０５', null],
    ['5e4', null],
    ['-50105', null],
    ['<script>alert(50105)</script>', null],
    ['x'.repeat(100_000), null],
  ] as const) {
    test(`readCode takes ${JSON.stringify(text.slice(0, 40))} for ${expected}`, () =>
      expect(readCode(text)).toBe(expected))
  }
})

describe('familyOf', () => {
  for (const [code, expected] of [
    [7000999, /secret, certificate/],
    [70099, /application/],
    [53999, /Conditional Access/],
    [81999, /Kerberos/],
  ] as const) {
    test(`familyOf says what ${code} is about`, () => expect(familyOf(code)).toMatch(expected))
  }

  test('familyOf claims nothing of numbers without a family', () => expect(familyOf(99_999)).toBe(null))

  test('familyOf tries longer beginnings before shorter ones', () => {
    expect(familyOf(7000999)).not.toBe(familyOf(7010999))
  })
})

test('codeName and microsoftAbout say numbers alone', () => {
  expect(codeName(50105)).toBe('AADSTS50105')
  expect(microsoftAbout(50105)).toBe('https://login.microsoftonline.com/error?code=50105')
})
