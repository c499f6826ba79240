import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readPasswordHash } from '../../src/core/identity/password-hash.ts'
import { isPassword } from '../../src/ops/passwords.ts'
import { atTerminal } from './pseudo-terminal.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const password = 'correct horse battery staple'

/** With this on standard input. */
async function piped(input: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [main, 'hash-password', ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  }
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const code = await new Promise((resolve) => child.once('close', resolve))
  return { code, ...said }
}

test('hash-password prints the hash of the line that it is given, and nothing of the line', async () => {
  const { code, stdout, stderr } = await piped(`${password}\n`)
  expect([code, stderr]).toEqual([0, ''])
  expect(readPasswordHash(stdout.trimEnd())).not.toHaveProperty('problem')
  expect(stdout).not.toContain('horse')
  expect(await isPassword(password, stdout.trimEnd())).toBe(true)
})

test('hash-password refuses what could be guessed, and a password as an argument', async () => {
  expect(await piped('short\n')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('at least 14') })
  expect(await piped('')).toMatchObject({ code: 2, stdout: '' })
  const argued = await piped('', password)
  expect(argued).toMatchObject({ code: 2, stdout: '' })
})

test('hash-password refuses more than one line, which nobody could type', async () => {
  for (const end of ['\nand more\n', '\n\n', '\rand more'])
    expect(await piped(password + end)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('one line'),
    })
})

test('hash-password asks twice at a terminal, and shows nothing of what is typed', async () => {
  const right = atTerminal(['hash-password'], tmpdir())
  await right.type('Password: ', `${password}\r`)
  await right.type('The same again: ', `${password}\r`)
  expect(await right.ended).toBe(0)
  expect(right.screen()).toContain('$scrypt$ln=17,r=8,p=1$')
  expect(right.screen()).not.toContain('horse')
  const other = atTerminal(['hash-password'], tmpdir())
  await other.type('Password: ', `${password}\r`)
  await other.type('The same again: ', `${password}!\r`)
  expect(await other.ended).toBe(2)
  expect(other.screen()).toContain('two different passwords')
  expect(other.screen()).not.toContain('$scrypt$')
})
