import assert from 'node:assert/strict'
import { test } from 'vitest'
import { headerNameProblem, readTemplate, readUserTemplate } from '../../src/config/template.ts'

test('readTemplate takes text, claims, roles and groups in order', () => {
  assert.deepEqual(readTemplate('CORP\\{claim.onprem_sam} ({roles}|{groups})'), {
    value: [
      { text: 'CORP\\' },
      { claim: 'onprem_sam' },
      { text: ' (' },
      { list: 'roles' },
      { text: '|' },
      { list: 'groups' },
      { text: ')' },
    ],
  })
  assert.deepEqual(readTemplate('yes'), { value: [{ text: 'yes' }] })
  assert.deepEqual(readTemplate('{graph.employeeId}{graph.onPremisesExtensionAttributes.extensionAttribute1}'), {
    value: [{ graph: 'employeeId' }, { graph: 'onPremisesExtensionAttributes.extensionAttribute1' }],
  })
  assert.deepEqual(readUserTemplate('{graph.onPremisesSamAccountName}'), {
    value: [{ graph: 'onPremisesSamAccountName' }],
  })
  assert.deepEqual(readTemplate('{claim.http://x/y}'), { value: [{ claim: 'http://x/y' }] })
})

for (const [name, texts, because] of [
  [
    'other words in braces',
    ['{}', '{name}', '{ roles }', '{claim}', '{Claim.x}', '{env.X}', '{claims.x}', '{graph}', '{Graph.x}'],
    /not a placeholder/,
  ],
  ['names that no claim has', ['{claim.}', '{claim.a b}', '{claim.ä}'], /not the name of a claim/],
  [
    'what would ask Graph for something else',
    [
      '{graph.}',
      '{graph.a,b}',
      '{graph.a&$expand=b}',
      '{graph.a/b}',
      '{graph.a.b.c}',
      '{graph.1}',
      '{graph.$x}',
      '{graph.a b}',
    ],
    /not a property of Microsoft Graph/,
  ],
  ['lists by their raw claim', ['{claim.roles}', '{claim.groups}'], /for this list/],
  ['braces that stand alone', ['{', '}', 'a}b', '{roles', '{{roles}}', '}{'], /brace/],
  ['what would split a header', ['a\r\nX-Admin: yes', 'a\nb', 'a\u0000', 'a\tb'], /control/],
  ['nothing', [''], /empty/],
  ['what names lists without end', ['{roles}'.repeat(300)], /more than 2,000/],
] as const) {
  test(`readTemplate refuses ${name}`, () => {
    for (const text of texts) {
      const found = readTemplate(text)
      assert('problem' in found, text)
      assert.match(found.problem, because, text)
    }
  })
}

test('readUserTemplate takes a bare word for a claim, and braces for a template', () => {
  assert.deepEqual(readUserTemplate('oid'), { value: [{ claim: 'oid' }] })
  assert.deepEqual(readUserTemplate('{claim.upn}@x'), { value: [{ claim: 'upn' }, { text: '@x' }] })
  for (const text of ['', 'every body', 'roles', '{roles', 'a}']) assert('problem' in readUserTemplate(text), text)
})

test('T25 headerNameProblem refuses what the gateway makes itself, in any spelling', () => {
  for (const name of [
    ...[
      'Host',
      'Connection',
      'Content-Length',
      'content_length',
      'Transfer-Encoding',
      'Cookie',
      'Upgrade',
      'Expect',
      'TE',
      'Trailer',
    ],
    ...[
      'X-Forwarded-For',
      'x_forwarded_for',
      'X.Forwarded.Proto',
      'X-Forwarded-Host',
      'X-Forwarded-Port',
      'Forwarded',
      'Keep-Alive',
    ],
    ...['Proxy-Authorization', 'proxy_x', 'Sec-WebSocket-Key', 'X-Request-Id'],
  ]) {
    assert.equal(headerNameProblem(name), 'the gateway makes this header itself', name)
  }
})

test('headerNameProblem refuses what is no token (RFC 9110 section 5.6.2)', () => {
  for (const name of ['', 'a b', 'a:b', 'a\r\nb', 'ä', 'a/b', '"a"', '___', 'x'.repeat(101)]) {
    assert.equal(headerNameProblem(name), 'this is not the name of a header', name)
  }
  for (const name of ['X-Employee', 'REMOTE_USER', 'Authorization', 'X-Forwarded-User'])
    assert.equal(headerNameProblem(name), null)
})
