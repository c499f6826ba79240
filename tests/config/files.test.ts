import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { areUnchanged, createFiles, namesIn } from '../../src/config/files.ts'
import { folderWith } from './written.ts'

/** A file of this content, and what was noted when it was read. */
function readOnce(content: string) {
  const folder = folderWith({ 'a.yaml': content })
  const path = join(folder, 'a.yaml')
  const files = createFiles()
  const { result, used } = files.watching(() => files.read(path, 1_024))
  return { folder, path, result, used }
}

const text = (read: ReturnType<ReturnType<typeof createFiles>['read']>) =>
  'problem' in read ? read.problem : Buffer.from(read).toString()

describe('read', () => {
  test('gives the bytes of a file, up to the limit', () => {
    assert.equal(text(readOnce('content').result), 'content')
    assert.equal(text(readOnce('x'.repeat(1_024)).result), 'x'.repeat(1_024))
    assert.equal(text(readOnce('x'.repeat(1_025)).result), 'has more than 1 KB')
    assert.equal(text(readOnce('').result), '')
  })

  test('refuses what is no file, and never waits for one', () => {
    const folder = folderWith({})
    execFileSync('mkfifo', [join(folder, 'pipe')])
    mkdirSync(join(folder, 'folder'))
    const { read } = createFiles()
    assert.equal(text(read(join(folder, 'pipe'), 10)), 'is not a file')
    assert.equal(text(read('/dev/zero', 10)), 'is not a file')
    assert.equal(text(read(join(folder, 'folder'), 10)), 'is a folder, not a file')
    assert.equal(text(read(join(folder, 'none'), 10)), 'cannot be read (ENOENT)')
    assert.equal(text(read(`${folder}/a\0b`, 10)), 'cannot be read (ERR_INVALID_ARG_VALUE)')
  })
})

describe('areUnchanged', () => {
  test('sees a file as it was', () => assert.equal(areUnchanged(readOnce('a').used), true))

  test('sees a change of the same size within one tick of a slow clock', () => {
    const path = join(folderWith({ 'a.yaml': 'aaaa' }), 'a.yaml')
    const tick = Date.now()
    const files = createFiles((of) => Object.assign(statSync(of), { mtimeMs: tick, ctimeMs: tick }))
    const { used } = files.watching(() => files.read(path, 1_024))
    assert.equal(areUnchanged(used), true)
    writeFileSync(path, 'bbbb')
    assert.equal(areUnchanged(used), false)
  })

  test('sees that a file was replaced by another', () => {
    const { folder, path, used } = readOnce('aaaa')
    writeFileSync(join(folder, 'b'), 'bbbb')
    renameSync(join(folder, 'b'), path)
    assert.equal(areUnchanged(used), false)
  })

  test('sees that a file has gone, and that it has come', () => {
    const { path, used } = readOnce('a')
    rmSync(path)
    assert.equal(areUnchanged(used), false)
    const files = createFiles()
    const missing = files.watching(() => files.read(path, 10)).used
    assert.equal(areUnchanged(missing), true)
    writeFileSync(path, 'a')
    assert.equal(areUnchanged(missing), false)
  })

  test('sees that a link leads elsewhere', () => {
    const folder = folderWith({ one: 'same', two: 'same' })
    symlinkSync('one', join(folder, 'link'))
    const files = createFiles()
    const { used } = files.watching(() => files.read(join(folder, 'link'), 10))
    symlinkSync('two', join(folder, 'next'))
    renameSync(join(folder, 'next'), join(folder, 'link'))
    assert.equal(areUnchanged(used), false)
  })

  test('remembers what existed, and what did not', () => {
    const folder = folderWith({ a: '' })
    const files = createFiles()
    const { result, used } = files.watching(() => ['a', 'b'].map((name) => files.exists(join(folder, name))))
    assert.deepEqual(result, [true, false])
    assert.equal(areUnchanged(used), true)
    writeFileSync(join(folder, 'b'), '')
    assert.equal(areUnchanged(used), false)
  })
})

test('watching tells each piece of work only what it has asked for', () => {
  const folder = folderWith({ a: '1', b: '2' })
  const files = createFiles()
  const outer = files.watching(() => {
    files.read(join(folder, 'a'), 10)
    return files.watching(() => files.read(join(folder, 'b'), 10)).used.map(({ path }) => path)
  })
  assert.deepEqual(outer.result, [join(folder, 'b')])
  assert.deepEqual(
    outer.used.map(({ path }) => path),
    [join(folder, 'a')],
  )
})

test('namesIn gives names in order, or says why there are none to be had', () => {
  const folder = folderWith({ b: '', a: '' })
  assert.deepEqual(namesIn(folder), ['a', 'b'])
  assert.deepEqual(namesIn('/nowhere'), { problem: 'the folder /nowhere cannot be read (ENOENT)' })
})

test('watching notes a file once, however often it is asked for (T88)', () => {
  const folder = folderWith({ a: 'one' })
  const path = join(folder, 'a')
  const files = createFiles()
  const { used } = files.watching(() => {
    for (let times = 0; times < 100; times++) files.read(path, 10)
    writeFileSync(path, 'two')
    files.exists(path)
  })
  assert.equal(used.length, 1)
  assert.equal(areUnchanged(used), false)
})
