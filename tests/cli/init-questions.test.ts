import assert from 'node:assert/strict'
import { test } from 'vitest'
import { type Given, understand } from '../../src/cli/init-answers.ts'
import { askFor } from '../../src/cli/init-questions.ts'

const id = '11111111-2222-3333-4444-555555555555'
const other = '99999999-2222-3333-4444-555555555555'
const nothing: Given = { tenantFile: false, allowedDirectory: [], roleGroup: [], roleAppRole: [] }

/** Answers questions one by one; what was asked and said. */
async function conversation(given: Given, answers: readonly string[]) {
  const left = [...answers]
  const asked: string[] = []
  const said: string[] = []
  const found = await askFor(given, {
    async ask(question) {
      asked.push(question)
      return left.shift() ?? assert.fail(`nothing to answer to ${question}`)
    },
    say: (line) => void said.push(line),
    isTaken: (file) => file === 'taken.yaml',
  })
  assert.deepEqual(left, [])
  return { found, asked, said, understood: understand(found) }
}

test('askFor asks for all, suggests what it can, and says what cannot be used', async () => {
  const answers = [
    'x',
    'https://wiki.contoso.com',
    '',
    'http://wiki',
    'contoso',
    'contoso.com',
    'app',
    '',
    '',
    'taken.yaml',
    '',
  ]
  const { found, asked, said, understood } = await conversation(nothing, answers)
  assert.equal(asked[2], 'What is it to be called here? (small letters, digits and hyphens) [wiki]: ')
  assert.equal(asked.at(-1), 'Which file? [config/sallyport.yaml]: ')
  assert.equal(said.filter((line) => line.startsWith('  ')).length, 4)
  assert.equal(said.at(-1), '  this file is there already, and stays as it is')
  assert.deepEqual(found, {
    ...nothing,
    ...{ publicUrl: 'https://wiki.contoso.com', name: 'wiki', upstream: 'http://wiki', directory: 'contoso.com' },
    out: 'config/sallyport.yaml',
  })
  assert(understood.starter)
})

test('askFor asks whose accounts get in where more than one directory can answer, at least one', async () => {
  const given = { ...nothing, publicUrl: 'https://a.example', name: 'a', upstream: 'http://a', directory: 'common' }
  const { found, asked } = await conversation(given, ['', id, 'x', other, '', '', '', ''])
  assert.deepEqual(found.allowedDirectory, [id, other])
  assert(asked[0]?.startsWith('Accounts of which directory'))
  const said = await conversation({ ...given, allowedDirectory: [id] }, ['', '', ''])
  assert(!said.asked.some((question) => question.startsWith('Accounts of which')))
})

test('askFor gathers roles until there is no other', async () => {
  const given = { ...nothing, publicUrl: 'https://a.example', name: 'a', upstream: 'http://a', directory: id }
  const { found } = await conversation(given, ['', `admin=${id}`, 'nonsense', 'user=Reader', '', 'here.yaml'])
  assert.deepEqual(found, { ...given, roleGroup: [`admin=${id}`], roleAppRole: ['user=Reader'], out: 'here.yaml' })
})

test('askFor asks nothing about a directory that a shared provider has', async () => {
  const given = { ...nothing, tenantFile: true, provider: 'contoso', out: 'tenants/wiki.yaml' }
  const { found, asked, understood } = await conversation(given, ['https://w.example', '', 'http://w', ''])
  assert.deepEqual([found.name, asked.length, understood.starter?.provider], ['wiki', 4, 'contoso'])
})
