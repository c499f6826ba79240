/**
 * Forms that somebody has sent who has to sign in first: kept sealed in the store, for the one browser that sent them,
 * and given out once.
 * Two values each, under names and keys that are derived from the browser's cookie: the note, which the page reads that
 * asks whether to send it, and the body.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { isSameSecret } from '../ops/same-secret.ts'
import type { FormBudget, Reservation } from './form-budget.ts'
import { type KeyRing, storeKey } from './seal.ts'
import type { SessionStore } from './store.ts'
import { transactionSeconds } from './transaction.ts'

/** Long enough for a sign-in that is begun anew once. */
export const formSeconds = 2 * transactionSeconds

/** Which form: of which browser, at which tenant. */
export interface FormPlace {
  readonly tenant: string
  /** What the browser's cookie holds. */
  readonly browser: string
  readonly id: string
}

/** What is known of a form without its body. */
export interface FormNote {
  /** Path and query as they came. */
  readonly target: string
  readonly contentType: string
  /** The page that it stood on. */
  readonly page: string | null
  /** Who alone may send it; null: nobody was signed in. */
  readonly person: string | null
  /** kept: not sent yet. tried: it was sent, and no answer came. sent: it has arrived. */
  readonly is: 'kept' | 'tried' | 'sent'
}

export interface KeptForms {
  readonly reserve: FormBudget['reserve']
  /** Resolves when the store has it. @throws Fault `session_store_down`: then nothing is kept. */
  keep(place: FormPlace, form: NewForm): Promise<void>
  /** null where there is none of this browser at this tenant, or not any more. @throws Fault `session_store_down`. */
  look(place: FormPlace): Promise<FormNote | null>
  /**
   * Whether this person may have it: whoever it was kept for; and where nobody was signed in, whoever asks first.
   * @throws Fault `session_store_down`.
   */
  isFor(place: FormPlace, note: FormNote, person: string): Promise<boolean>
  /** The body, for exactly one caller; null for all others. @throws Fault `session_store_down`. */
  take(place: FormPlace): Promise<Buffer | null>
  /** After `take`: what has become of it. A body that is given back can be taken once more. */
  settle(place: FormPlace, note: FormNote, givenBack: Buffer | null): Promise<void>
  /** Nothing is left of it. @throws Fault `session_store_down`. */
  discard(place: FormPlace): Promise<void>
}

interface NewForm {
  readonly note: FormNote
  readonly body: Buffer
  readonly room: Reservation
}

export interface KeptFormParts {
  readonly store: SessionStore
  readonly ring: KeyRing
  readonly budget: FormBudget
}

export function createKeptForms({ store, ring, budget }: KeptFormParts): KeptForms {
  const sealedNote = (place: FormPlace, note: FormNote) =>
    ring.sealFor(place.browser, context(place, 'note'), Buffer.from(JSON.stringify(note)))
  const sealedBody = (place: FormPlace, body: Buffer) => ring.sealFor(place.browser, context(place, 'body'), body)

  return {
    reserve: budget.reserve,
    async keep(place, { note, body, room }) {
      const [first, second] = [sealedNote(place, note), sealedBody(place, body)]
      await store.keep(nameOf(place, 'body'), second, formSeconds)
      await store.keep(nameOf(place, 'note'), first, formSeconds)
      room.keep(nameOf(place, 'body'), first.length + second.length, formSeconds)
    },
    async look(place) {
      const sealed = await store.look(nameOf(place, 'note'))
      const text = sealed === null ? null : ring.openFor(place.browser, context(place, 'note'), sealed)
      // The seal is ours: whoever wrote it, wrote a note.
      return text === null ? null : (JSON.parse(text.toString('utf8')) as FormNote)
    },
    async isFor(place, note, person) {
      if (note.person !== null) return note.person === person
      const own = tag(place.browser, ['person', place.tenant, place.id, person])
      return (await store.lease(nameOf(place, 'person'), own, formSeconds)) === own
    },
    async take(place) {
      const sealed = await store.take(nameOf(place, 'body'))
      return sealed === null ? null : ring.openFor(place.browser, context(place, 'body'), sealed)
    },
    async settle(place, note, givenBack) {
      await store.keep(nameOf(place, 'note'), sealedNote(place, note), formSeconds)
      const name = nameOf(place, 'body')
      if (givenBack === null) return budget.free(name)
      // Last, so that nobody finds it under an older note.
      await store.keep(name, sealedBody(place, givenBack), formSeconds)
      budget.prolong(name, formSeconds)
    },
    async discard(place) {
      await store.take(nameOf(place, 'note'))
      await store.take(nameOf(place, 'body'))
      budget.free(nameOf(place, 'body'))
    },
  }
}

/** The id of a form, which tells nothing and opens nothing without the cookie. */
export function newFormId(): string {
  return randomBytes(16).toString('base64url')
}

/** What only our page for this person can state, and no other site can guess. */
export function formProof(place: FormPlace, person: string): string {
  return tag(place.browser, ['proof', place.tenant, place.id, person])
}

export function isFormProof(proof: string, place: FormPlace, person: string): boolean {
  return isSameSecret(proof, formProof(place, person))
}

function nameOf({ tenant, browser, id }: FormPlace, part: 'note' | 'body' | 'person'): string {
  return storeKey(JSON.stringify(['form', part, tenant, browser, id]))
}

function context({ tenant, id }: FormPlace, part: 'note' | 'body'): readonly string[] {
  return [`form-${part}`, tenant, id]
}

/** 128 bits that say nothing of the person. */
function tag(browser: string, what: readonly string[]): string {
  return createHmac('sha256', browser).update(JSON.stringify(what)).digest().subarray(0, 16).toString('base64url')
}
