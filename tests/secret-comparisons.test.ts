import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { secretComparisons } from './secret-comparisons.ts'

const root = new URL('../', import.meta.url)
/** What runs before callers' requests: the pretend Entra guards nothing. */
const sources = globSync('src/**/*.ts', { cwd: root }).filter((file) => !file.startsWith('src/emulator/'))

/** Where nobody who guesses learns anything, with the reason. */
const harmless: Readonly<Record<string, string>> = {
  'src/core/same.ts: return a instanceof Secret && b instanceof Secret && a.reveal() === b.reveal()':
    'two configurations of the same operator',
  'src/session/vouched-binding.ts: if (there !== null && find(header) === binding) return there':
    'both are of the same Cookie header, once its proof has been checked',
}

test('secretComparisons finds none: secrets, tags and signatures are compared by isSameSecret alone (T57)', () => {
  const found = sources.flatMap((file) =>
    secretComparisons(readFileSync(new URL(file, root), 'utf8')).map(({ text }) => `${file}: ${text}`),
  )
  expect(found.toSorted()).toEqual(Object.keys(harmless).toSorted())
})

test('timingSafeEqual is called in isSameSecret, and where passwords are, and nowhere else', () => {
  const found = sources.filter((file) => readFileSync(new URL(file, root), 'utf8').includes('timingSafeEqual('))
  expect(found.toSorted()).toEqual(['src/ops/passwords.ts', 'src/ops/same-secret.ts'])
})

for (const line of [
  'if (signature === expected) return id',
  'return given.signature !== wanted',
  'if (signedValue(id, key) === value) return true',
  'return keys.some((key) => value === signed(key, binding, stamp))',
  'return ring.openText(formContext(state), token) === binding',
  'if (proof !== formProof(place, person)) return null',
  "if (createHmac('sha256', key).update(text).digest('hex') === mark) return true",
  'return stated.proof == own',
  'return bindingHash === hash(binding)',
  'if (password === account.password.reveal()) return true',
  'if (ownTag.equals(stated)) return true',
  'if (cookie.startsWith(secret)) return',
  'if (code.nonce !== looked.nonce) return null',
  'return value.slice(0, -8) === signed(key, binding, stamp).slice(0, -8)',
  "return mark.toString('hex') === given",
  'const isIt = (await formProof(place, person)) === given',
]) {
  test(`secretComparisons finds it in ${line}`, () => expect(secretComparisons(line)).toHaveLength(1))
}

for (const line of [
  'if (binding === null) return null',
  "if (secret === '') return",
  "if (typeof token === 'string') return token",
  'if (proof.length !== 22) return',
  'if (token === undefined || tokens.length === 0) return',
  '// if (signature === expected)',
  '/** What signature === expected would tell. */',
  'if (isSameSecret(signature, expected)) return',
  "credential.form === 'secrets'",
  'if (a.checkedAt === b.checkedAt) return',
  'if (store.age !== other.age) return',
]) {
  test(`secretComparisons leaves alone ${line}`, () => expect(secretComparisons(line)).toEqual([]))
}
