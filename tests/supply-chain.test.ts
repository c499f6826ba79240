/** What others have made and we pass on: pinned, hashed, of free licences, and nothing of it runs when it is installed. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

interface Locked {
  readonly version: string
  readonly license?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly hasInstallScript?: boolean
  readonly dev?: boolean
  readonly devOptional?: boolean
}

const read = (file: string) => JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'))
const { packages } = read('package-lock.json') as { readonly packages: Readonly<Record<string, Locked>> }
const installed = Object.entries(packages).filter(([folder]) => folder !== '')
const forProduction = installed.filter(([, { dev, devOptional }]) => dev !== true && devOptional !== true)

/** May be passed on within any product, with their text. */
const freely = [
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'MIT OR Apache-2.0',
]
/** Tools that are run and not passed on may ask for their own sources to stay open. */
const forTools = [...freely, 'MPL-2.0']

const objections = (to: readonly [string, Locked][], isWrong: (locked: Locked) => boolean) =>
  to.filter(([, locked]) => isWrong(locked)).map(([folder]) => folder)

describe('the lock file', () => {
  test('has what is passed on, and what is only for development', () => {
    expect(forProduction.length).toBeGreaterThan(50)
    expect(installed.length).toBeGreaterThan(forProduction.length)
  })

  test('has a hash of SHA-512 for every package, and none from elsewhere than the registry', () => {
    expect(objections(installed, ({ integrity }) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''))).toEqual([])
    expect(objections(installed, ({ resolved }) => resolved !== undefined)).toEqual([])
  })

  test('runs nothing when what is passed on is installed', () => {
    expect(objections(forProduction, ({ hasInstallScript }) => hasInstallScript === true)).toEqual([])
  })

  test('runs one script when the tools are installed: the one that fetches Node', () => {
    expect(objections(installed, ({ hasInstallScript }) => hasInstallScript === true)).toEqual(['node_modules/node'])
    expect(read('package.json').allowScripts).toEqual({ node: true })
  })

  test('passes on nothing but what is free to be passed on', () => {
    expect(objections(forProduction, ({ license }) => !freely.includes(license ?? ''))).toEqual([])
    expect(objections(installed, ({ license }) => !forTools.includes(license ?? ''))).toEqual([])
  })
})

describe('package.json', () => {
  test('names every version exactly, as the lock file has it', () => {
    const { dependencies, devDependencies } = read('package.json') as Record<string, Record<string, string>>
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect(`${name} ${version}`).toBe(`${name} ${packages[`node_modules/${name}`]?.version}`)
    }
  })
})
