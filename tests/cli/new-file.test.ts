import assert from 'node:assert/strict'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, test } from 'vitest'
import { isThere, writeNewFile } from '../../src/cli/new-file.ts'

const root = mkdtempSync(join(tmpdir(), 'sallyport-new-file-'))
afterAll(() => rmSync(root, { recursive: true }))
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(root, 'each-'))
})
const at = (name: string) => join(folder, name)
const contents = (path: string) => readFileSync(path, 'utf8')

test('writeNewFile makes the folder that is missing, and leaves nothing else behind', () => {
  writeNewFile(at('config/a.yaml'), 'new', false)
  assert.deepEqual([contents(at('config/a.yaml')), readdirSync(at('config'))], ['new', ['a.yaml']])
})

test('writeNewFile makes no more than one folder, since a name may be mistyped', () => {
  assert.throws(() => writeNewFile(at('no/such/a.yaml'), 'new', true), /a\.yaml cannot be written \(ENOENT\)/)
  assert.deepEqual(readdirSync(folder), [])
})

test('writeNewFile writes over nothing, whatever it is', () => {
  writeFileSync(at('a.yaml'), 'old')
  mkdirSync(at('b.yaml'))
  symlinkSync('nowhere', at('c.yaml'))
  for (const name of ['a.yaml', 'b.yaml', 'c.yaml'])
    assert.throws(() => writeNewFile(at(name), 'new', false), /is there already: .*--force/)
  assert.deepEqual([contents(at('a.yaml')), readdirSync(folder)], ['old', ['a.yaml', 'b.yaml', 'c.yaml']])
})

test('writeNewFile, told to write over a file, keeps its permissions', () => {
  writeFileSync(at('a.yaml'), 'old')
  chmodSync(at('a.yaml'), 0o604)
  writeNewFile(at('a.yaml'), 'new', true)
  assert.deepEqual([contents(at('a.yaml')), statSync(at('a.yaml')).mode & 0o777], ['new', 0o604])
  assert.deepEqual(readdirSync(folder), ['a.yaml'])
})

test('writeNewFile, told to write over a link, writes what it leads to', () => {
  mkdirSync(at('real'))
  writeFileSync(at('real/a.yaml'), 'old')
  symlinkSync('real/a.yaml', at('a.yaml'))
  writeNewFile(at('a.yaml'), 'new', true)
  assert.equal(contents(at('real/a.yaml')), 'new')
  assert(lstatSync(at('a.yaml')).isSymbolicLink())
})

test('writeNewFile leaves a folder as it is, also when told to write over it', () => {
  mkdirSync(at('a.yaml'))
  assert.throws(() => writeNewFile(at('a.yaml'), 'new', true), /cannot be written/)
  assert.deepEqual(readdirSync(folder), ['a.yaml'])
})

test('isThere knows files and folders', () => {
  writeFileSync(at('a'), '')
  assert.deepEqual([isThere(at('a')), isThere(folder), isThere(at('b'))], [true, true, false])
})
