import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, test } from 'vitest'
import { type Watching, watchFolders } from '../../src/config/folders.ts'
import { until } from '../redis.ts'
import { folderWith, write } from './written.ts'

const open: Watching[] = []
afterEach(() => {
  for (const each of open.splice(0)) each.close()
})

/** Watches folders, and counts. */
function watched(folders: readonly string[], { settle = 40, look = 3_600 } = {}) {
  const seen = { changes: 0, blind: [] as string[] }
  const watching = watchFolders({
    onChange: () => {
      seen.changes += 1
    },
    onBlind: (folder) => seen.blind.push(folder),
    settleMilliseconds: settle,
    lookSeconds: look,
  })
  open.push(watching)
  watching.follow(folders)
  return {
    seen,
    watching,
    /** Does something, and waits until it has been noticed. */
    async notices(what: string, change: () => void) {
      const before = seen.changes
      change()
      await until(`${what} to be noticed`, () => seen.changes > before, 5_000)
    },
  }
}

test('watchFolders notices files that are written, replaced, renamed and deleted', async () => {
  const folder = folderWith({ a: '1' })
  const { notices } = watched([folder])
  await notices('a new file', () => writeFileSync(join(folder, 'b'), '1'))
  await notices('a change', () => writeFileSync(join(folder, 'a'), '2'))
  await notices('what an editor does', () => {
    writeFileSync(join(folder, '.a.swp'), '3')
    renameSync(join(folder, '.a.swp'), join(folder, 'a'))
  })
  await notices('a change after that', () => writeFileSync(join(folder, 'a'), '4'))
  await notices('a deletion', () => rmSync(join(folder, 'a')))
})

test('watchFolders notices every swap of a mounted ConfigMap', async () => {
  const folder = folderWith({})
  write(join(folder, '..v0/wiki.yaml'), '0')
  symlinkSync('..v0', join(folder, '..data'))
  symlinkSync('..data/wiki.yaml', join(folder, 'wiki.yaml'))
  const { notices } = watched([folder])
  for (let version = 1; version <= 4; version++) {
    await notices(`swap ${version}`, () => {
      write(join(folder, `..v${version}/wiki.yaml`), String(version))
      symlinkSync(`..v${version}`, join(folder, '..data_tmp'))
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
      rmSync(join(folder, `..v${version - 1}`), { recursive: true })
    })
  }
})

test('watchFolders tells of a burst once, when it is over', async () => {
  const folder = folderWith({})
  const { seen, notices } = watched([folder], { settle: 150 })
  await notices('the burst', () => {
    for (let index = 0; index < 200; index++) writeFileSync(join(folder, `f${index}`), 'x')
  })
  assert.equal(seen.changes, 1)
})

test('watchFolders tells of what never comes to rest all the same', async () => {
  const folder = folderWith({})
  const { seen } = watched([folder], { settle: 50 })
  const restless = setInterval(() => writeFileSync(join(folder, 'a'), String(Math.random())), 10)
  try {
    await until('being told', () => seen.changes > 0, 5_000)
  } finally {
    clearInterval(restless)
  }
})

test('watchFolders follows a folder that is deleted and made again', async () => {
  const root = folderWith({ 'tenants/a': '1' })
  const folder = join(root, 'tenants')
  const { notices, seen } = watched([folder])
  for (let times = 0; times < 3; times++) {
    await notices('the deletion', () => rmSync(folder, { recursive: true }))
    await notices('the new folder', () => mkdirSync(folder))
    await notices('a file in the new folder', () => writeFileSync(join(folder, 'a'), '2'))
    await notices('a change of it', () => writeFileSync(join(folder, 'a'), '3'))
  }
  assert.deepEqual(seen.blind, [])
})

test('watchFolders follows a folder that is replaced by another of its name', async () => {
  const root = folderWith({ 'tenants/a': '1', 'next/a': '2' })
  const folder = join(root, 'tenants')
  const { notices } = watched([folder])
  await notices('the swap', () => {
    renameSync(folder, join(root, 'before'))
    renameSync(join(root, 'next'), folder)
  })
  await notices('a file in the new one', () => writeFileSync(join(folder, 'a'), '3'))
})

test('watchFolders follows a folder that is a link, when the link is changed', async () => {
  const root = folderWith({ 'one/a': '1', 'two/a': '2' })
  symlinkSync('one', join(root, 'tenants'))
  const { notices } = watched([join(root, 'tenants')])
  await notices('the change of the link', () => {
    symlinkSync('two', join(root, 'next'))
    renameSync(join(root, 'next'), join(root, 'tenants'))
  })
  await notices('a file in the other folder', () => writeFileSync(join(root, 'two/a'), '3'))
})

test('watchFolders waits for a folder that is not there yet, even several steps deep', async () => {
  const root = folderWith({})
  const folder = join(root, 'run/secrets/wiki')
  const { notices, seen } = watched([folder])
  await notices('the folder', () => mkdirSync(folder, { recursive: true }))
  await notices('a file in it', () => writeFileSync(join(folder, 'client-secret'), 'x'))
  assert.deepEqual(seen.blind, [])
})

test('watchFolders does not mind what happens beside a folder', async () => {
  const root = folderWith({ 'tenants/a': '1' })
  const { seen, notices } = watched([join(root, 'tenants')])
  const control = watched([root], { settle: 200 })
  await control.notices('the noise', () => writeFileSync(join(root, 'noise'), '1'))
  assert.equal(seen.changes, 0)
  await notices('a change in the folder', () => writeFileSync(join(root, 'tenants/a'), '2'))
})

test('watchFolders looks by itself from time to time', async () => {
  const { seen } = watched([folderWith({})], { look: 0.05 })
  await until('two looks', () => seen.changes >= 2, 5_000)
})

test('watchFolders watches other folders when told so, and none after its end', async () => {
  const [one, two] = [folderWith({}), folderWith({})]
  const { watching, seen, notices } = watched([one])
  watching.follow([two])
  writeFileSync(join(one, 'a'), '1')
  await notices('a change in the other', () => writeFileSync(join(two, 'a'), '1'))
  assert.equal(seen.changes, 1)
  const control = watched([two])
  watching.close()
  await control.notices('the last change', () => writeFileSync(join(two, 'a'), '2'))
  assert.equal(seen.changes, 1)
})
