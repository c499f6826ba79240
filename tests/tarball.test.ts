/** The tarballs, read by `tar` itself. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Entry, writeTarball } from '../tarball.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-tarball-'))
  file = join(folder, 'a.tar.gz')
})
afterEach(() => rmSync(folder, { recursive: true }))

const entry = (path: string, text = '', executable = false): Entry => ({ path, content: { text }, executable })
const list = () => execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).trimEnd().split('\n')
const unpack = () => execFileSync('tar', ['-xzf', file, '-C', folder])

describe('writeTarball', () => {
  test('packs files and texts of every length around that of a block', async () => {
    const texts = [0, 1, 511, 512, 513, 5_000].map((length) => 'ä'.repeat(length))
    const bytes = Buffer.from(Array.from({ length: 70_001 }, (_, at) => at & 255))
    writeFileSync(join(folder, 'source'), bytes)
    await writeTarball(file, 'top', [
      ...texts.map((text) => entry(`texts/${text.length}`, text)),
      { path: 'copy', content: { file: join(folder, 'source') }, executable: true },
    ])
    unpack()
    for (const text of texts) expect(readFileSync(join(folder, 'top/texts', String(text.length)), 'utf8')).toBe(text)
    expect(readFileSync(join(folder, 'top/copy')).equals(bytes)).toBe(true)
    expect(statSync(join(folder, 'top/copy')).mode & 0o111).not.toBe(0)
    expect(statSync(join(folder, 'top/texts/1')).mode & 0o111).toBe(0)
  })

  test('packs in one order, folders before what is in them', async () => {
    await writeTarball(file, 'top', [entry('b/c'), entry('a'), entry('b-d'), entry('b/a/z')])
    const first = readFileSync(file)
    expect(list()).toEqual(['top/', 'top/a', 'top/b/', 'top/b-d', 'top/b/a/', 'top/b/a/z', 'top/b/c'])
    await writeTarball(file, 'top', [entry('b/a/z'), entry('b-d'), entry('a'), entry('b/c')])
    expect(readFileSync(file).equals(first)).toBe(true)
  })

  for (const [name, path] of [
    ['exactly 100 bytes', `${'a'.repeat(90)}/${'b'.repeat(5)}`],
    ['one byte more', `${'a'.repeat(90)}/${'b'.repeat(6)}`],
    ['a name of 100 bytes in long folders', `${'a'.repeat(70)}/${'b'.repeat(70)}/${'c'.repeat(100)}`],
    ['many folders', 'folder/'.repeat(30).concat('file')],
  ] as const) {
    test(`packs a path of ${name}`, async () => {
      await writeTarball(file, 'top', [entry(path, 'here')])
      expect(list()).toContain(`top/${path}`)
      unpack()
      expect(readFileSync(join(folder, 'top', path), 'utf8')).toBe('here')
    })
  }

  for (const [name, broken] of [
    ['a name that is too long', entry('x'.repeat(101))],
    ['a path that is too long', entry('folder/'.repeat(40).concat('file'))],
    ['a file that is not there', { path: 'x', content: { file: '/nowhere/x' }, executable: false }],
  ] as const) {
    test(`leaves nothing that looks whole after ${name}`, async () => {
      await expect(writeTarball(file, 'top', [entry('a'), broken])).rejects.toThrow(/too long|ENOENT/)
      expect(existsSync(file)).toBe(false)
      expect(readdirSync(folder).filter((each) => each.endsWith('.sha256'))).toEqual([])
    })
  }
})
