import { describe, expect, test } from 'vitest'
import {
  formPage,
  isOwnForm,
  mayBePlaceholder,
  placeholderField,
  placeholderLength,
  readPlaceholder,
  unkeptForm,
} from '../../src/core/request/own-form.ts'
import { tenant } from './build.ts'

const payroll = tenant()
const { origin } = payroll.publicUrl
const type = 'application/x-www-form-urlencoded'
const metadata = { 'sec-fetch-site': 'same-origin', 'content-type': type }
const form = (headers: Record<string, string> = metadata) =>
  ({ method: 'POST', kind: 'navigation', target: '/save', headers }) as const

describe('isOwnForm', () => {
  for (const [what, headers] of [
    ['by Fetch Metadata', metadata],
    ['with Origin beside it', { ...metadata, origin }],
    ['of a page that wants no referrer', { ...metadata, origin: 'null' }],
    ['with files', { ...metadata, 'content-type': 'multipart/form-data; boundary=x' }],
    ['as plain text, however it is spelled', { ...metadata, 'content-type': 'Text/Plain ;charset=utf-8' }],
    ['of a browser without Fetch Metadata, by Origin', { origin, 'content-type': type }],
  ] as const) {
    test(`takes a form of this origin ${what}`, () => expect(isOwnForm(form(headers), payroll)).toBe(true))
  }

  for (const [what, facts] of [
    ['another site (T127)', form({ ...metadata, 'sec-fetch-site': 'cross-site' })],
    ['a sibling host', form({ ...metadata, 'sec-fetch-site': 'same-site' })],
    ['nobody', form({ ...metadata, 'sec-fetch-site': 'none' })],
    ['two sites at once', form({ ...metadata, 'sec-fetch-site': 'same-origin, cross-site' })],
    ['another origin than it says', form({ ...metadata, origin: 'https://evil.example' })],
    ['another origin, without Fetch Metadata', form({ origin: 'https://evil.example', 'content-type': type })],
    ['no origin at all, without Fetch Metadata', form({ origin: 'null', 'content-type': type })],
    ['whoever says nothing', form({ 'content-type': type })],
    ['the origin as the beginning of another', form({ origin: `${origin}.evil.example`, 'content-type': type })],
    ['a script (T53)', { ...form(), kind: 'data' }],
    ['a frame', { ...form(), kind: 'frame' }],
    ['what sends no form: JSON', form({ ...metadata, 'content-type': 'application/json' })],
    ['what sends no form: nothing said', form({ 'sec-fetch-site': 'same-origin' })],
    ['a type of boundless length', form({ ...metadata, 'content-type': `${type}; x=${'y'.repeat(300)}` })],
    ['another method', { ...form(), method: 'PUT' }],
  ] as const) {
    test(`does not take one of ${what}`, () => expect(isOwnForm(facts, payroll)).toBe(false))
  }
})

describe('unkeptForm', () => {
  for (const [target, headers, expected] of [
    ['/save?a=%2F&b', metadata, null],
    ['//save', metadata, null],
    ['/save', { ...metadata, 'content-length': '1048576' }, null],
    ['/save', { ...metadata, 'content-length': '1048577' }, 'too-large'],
    ['/save', { ...metadata, 'content-encoding': 'gzip' }, 'encoding'],
    ['/s\xe4ve', metadata, 'address'],
    ['/a/./b', metadata, 'address'],
    ['/a"b', metadata, 'address'],
    ['http://payroll.example/save', metadata, 'address'],
  ] as const) {
    test(`finds ${expected ?? 'nothing'} against ${target} with ${Object.keys(headers).length} headers`, () =>
      expect(unkeptForm({ target, headers }, payroll)).toBe(expected))
  }

  test('finds everything off where the tenant keeps none', () =>
    expect(unkeptForm(form(), tenant({ keptFormBytes: 0 }))).toBe('off'))
})

test('formPage is the page of the form, and no page of others', () => {
  const page = (referer: string) => formPage({ headers: { referer } }, payroll)
  expect(page(`${origin}/form?x`)).toBe(`${origin}/form?x`)
  expect(page(origin)).toBe(origin)
  expect(page(`${origin}.evil.example/`)).toBeNull()
  expect(page(`${origin}/${'x'.repeat(4_096)}`)).toBeNull()
  expect(formPage({ headers: {} }, payroll)).toBeNull()
})

describe('a placeholder', () => {
  const placeholder = { id: 'a'.repeat(22), proof: 'b-_'.padEnd(22, '0') }
  const [name, value] = placeholderField(placeholder)

  test('is read as it is written, and nothing else is', () => {
    expect(readPlaceholder(`${name}=${value}`)).toEqual(placeholder)
    expect(`${name}=${value}`).toHaveLength(placeholderLength)
    for (const other of ['', `${name}=`, `${name}=${value}x`, `x&${name}=${value}`, `${name}=${value}\n`, `a=${value}`])
      expect(readPlaceholder(other)).toBeNull()
  })

  test('is looked for only where it may be', () => {
    const headers = { ...metadata, 'content-length': String(placeholderLength) }
    expect(mayBePlaceholder(form(headers), payroll, true)).toBe(true)
    expect(mayBePlaceholder(form(headers), payroll, false)).toBe(false)
    expect(mayBePlaceholder(form({ ...headers, 'content-length': '61' }), payroll, true)).toBe(false)
    expect(mayBePlaceholder(form({ ...headers, 'content-encoding': 'gzip' }), payroll, true)).toBe(false)
    expect(mayBePlaceholder(form({ ...headers, 'content-type': 'text/plain' }), payroll, true)).toBe(false)
    expect(mayBePlaceholder(form({ ...headers, 'sec-fetch-site': 'cross-site' }), payroll, true)).toBe(false)
  })
})
