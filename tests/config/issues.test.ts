import assert from 'node:assert/strict'
import { test } from 'vitest'
import { ConfigError, formatIssue, formatPath, type Issue, printable } from '../../src/config/issues.ts'

const issue: Issue = {
  file: 'a.yaml',
  line: 3,
  column: 5,
  path: 'server.drain',
  message: 'this is not a duration',
  found: null,
  allowed: null,
  nearest: null,
}

test('formatIssue puts place and message on one line, and below it only what there is', () => {
  assert.equal(formatIssue(issue), 'a.yaml:3:5: server.drain: this is not a duration')
  assert.equal(formatIssue({ ...issue, path: '' }), 'a.yaml:3:5: this is not a duration')
  assert.equal(formatIssue({ ...issue, found: 'soon', allowed: '30s', nearest: 'x' }).split('\n').length, 4)
})

test('formatPath puts keys that are no plain words in quotes', () => {
  assert.equal(formatPath(['tenants', 0, 'headers', 'set', 'X A\n']), 'tenants[0].headers.set["X A\\u000a"]')
  assert.equal(formatPath([]), '')
})

test('printable cuts, and shows control, invisible and direction-changing characters as escapes', () => {
  assert.equal(printable('a\u001b[31m\r\n\u202eb\u0000'), 'a\\u001b[31m\\u000d\\u000a\\u202eb\\u0000')
  assert.equal([...printable('ä'.repeat(500))].length, 80)
  assert.equal(printable('x'.repeat(80)), 'x'.repeat(80))
})

test('ConfigError sorts by place, drops doublets and has a JSON form', () => {
  const error = new ConfigError([{ ...issue, line: 9 }, issue, issue, { ...issue, column: 1 }])
  assert.deepEqual(
    error.issues.map(({ line, column }) => [line, column]),
    [
      [3, 1],
      [3, 5],
      [9, 5],
    ],
  )
  assert.deepEqual(JSON.parse(JSON.stringify(error)), { issues: error.issues })
  assert.equal(error.message.split('\n').length, 3)
})
