/** What a person has done so far in one sign-in: it travels through our pages in hidden fields, so that they may stay open for long. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Person } from './directory.ts'
import { type Html, html } from './html.ts'

export interface Progress {
  /** That the password was right; null where none has been asked for yet. */
  readonly proof: string | null
  /** Has consented on our page. */
  readonly accepted: boolean
  readonly secondFactor: boolean
  /** Whether to stay signed in; null where that was not asked. */
  readonly stay: 'yes' | 'no' | null
}

export function readProgress(form: URLSearchParams): Progress {
  const stay = form.get('stay')
  return {
    proof: form.get('proof'),
    accepted: form.get('consent') === 'accept',
    secondFactor: form.get('factor') === 'shown',
    stay: stay === 'yes' || stay === 'no' ? stay : null,
  }
}

/** The hidden fields that `readProgress` reads again. */
export function progressFields({ proof, accepted, secondFactor, stay }: Progress): readonly Html[] {
  const fields = { proof, consent: accepted ? 'accept' : null, factor: secondFactor ? 'shown' : null, stay }
  return Object.entries(fields).flatMap(([name, value]) =>
    value === null ? [] : [html`<input type="hidden" name="${name}" value="${value}">`],
  )
}

export interface Passwords {
  /** For the person's progress: the password is known to be right. */
  proofOf(person: Person): string
  /** Whether the person has no password, or has proved to know it. */
  isProved(person: Person, proof: string | null): boolean
}

/** Proofs are good as long as the emulator runs. A password itself never stands in a page. */
export function createPasswords(): Passwords {
  const key = randomBytes(32)
  const proofOf = (person: Person) =>
    createHmac('sha256', key)
      .update(`${person.id} ${person.password ?? ''}`)
      .digest('base64url')
  return {
    proofOf,
    isProved(person, proof) {
      if (person.password === null) return true
      const [given, wanted] = [Buffer.from(proof ?? ''), Buffer.from(proofOf(person))]
      return given.length === wanted.length && timingSafeEqual(given, wanted)
    },
  }
}
