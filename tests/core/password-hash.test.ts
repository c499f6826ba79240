import { describe, expect, test } from 'vitest'
import { readPasswordHash, weakPassword, writePasswordHash } from '../../src/core/identity/password-hash.ts'

const [salt, hash] = ['c2FsdHNhbHRzYWx0c2FsdA', 'aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g']
const written = `$scrypt$ln=17,r=8,p=1$${salt}$${hash}`

describe('readPasswordHash', () => {
  test('readPasswordHash reads what writePasswordHash writes', () => {
    expect(writePasswordHash({ salt, hash })).toBe(written)
    expect(readPasswordHash(written)).toEqual({ salt, hash })
  })

  for (const [what, text] of [
    ['a password', 'correct horse battery staple'],
    ['another algorithm', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA'],
    ['a cost that can be tried out fast', written.replace('ln=17', 'ln=14')],
    ['a cost that would take the memory', written.replace('ln=17', 'ln=24')],
    ['fewer blocks', written.replace('r=8', 'r=1')],
    ['a short salt', written.replace(salt, 'c2FsdA')],
    ['a short hash', written.replace(hash, 'aGFzaA')],
    ['padding', `${written}=`],
    ['more behind it', `${written}\n$scrypt$`],
    ['nothing', ''],
  ] as const) {
    test(`readPasswordHash refuses ${what}, and repeats nothing of it`, () => {
      const read = readPasswordHash(text)
      expect(read).toHaveProperty('problem')
      const said = 'problem' in read ? read.problem : ''
      expect(said).not.toContain('horse')
      expect(said).not.toContain(hash)
    })
  }
})

describe('weakPassword', () => {
  for (const [password, isWeak] of [
    ['correct horse', true],
    ['correct horse battery', false],
    ['aaaaaaaaaaaaaaaaaaaaaaa', true],
    ['12341234123412341234', true],
    ['x'.repeat(100).concat('abcdefghij').repeat(5), true],
    ['пароль на чёрный день', false],
  ] as const) {
    test(`weakPassword ${isWeak ? 'refuses' : 'takes'} ${password.slice(0, 30)}`, () => {
      expect(weakPassword(password) !== null).toBe(isWeak)
    })
  }
})
