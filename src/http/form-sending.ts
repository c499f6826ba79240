/**
 * Kept forms on their way to the application: our page sends a few bytes to the very address that the form was for, and
 * the form takes their place. All else is the walk of any request: the route's decision, the headers, the person.
 */
import type { Person } from '../core/answer/headers.ts'
import { Fault } from '../core/fault.ts'
import type { Tenant } from '../core/gateway.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import { mayBePlaceholder, placeholderLength, readPlaceholder } from '../core/request/own-form.ts'
import type { Log } from '../ops/log.ts'
import { readFormSecret } from '../session/cookie.ts'
import { type FormNote, type FormPlace, isFormProof, type KeptForms } from '../session/kept-forms.ts'
import type { Passage } from './enforce.ts'
import { personOfForm } from './form-keeping.ts'
import { readBody } from './read-body.ts'
import { cookieOf } from './read-facts.ts'

export interface FormSending {
  /** The passage as it came, in nearly every case; else with the body that was read, and what it stands for. */
  read(passage: Passage, tenant: Tenant): Passage | Promise<Passage>
  /** Takes the form for the person who may open its address by now. @throws Fault `session_store_down`. */
  take(passage: Passage, tenant: Tenant, person: Person | null): Promise<TakenForm | NotSent>
  /** It has arrived, or not: then it is given back. */
  settle(taken: TakenForm, hasArrived: boolean): Promise<void>
}

export interface TakenForm {
  /** The passage of the form itself. */
  readonly passage: Passage
  readonly place: FormPlace
  readonly note: FormNote
  readonly body: Buffer
  /** Where the application has had the browser send it once more; null: nowhere. */
  readonly movedTo: string | null
}

interface NotSent {
  readonly refused: 'form_gone' | 'form_sent' | 'form_of_another'
}

export function createFormSending({
  keptForms,
  log,
}: {
  readonly keptForms: KeptForms
  readonly log: Log
}): FormSending {
  async function readIt(passage: Passage, browser: string): Promise<Passage> {
    const body = await readBody(passage.request, placeholderLength, passage.exchange.tooSlow)
    // Whoever goes away, or is too slow for these few bytes, sends nothing.
    if (typeof body === 'string') return { ...passage, standsFor: { browser, placeholder: null } }
    const placeholder = readPlaceholder(body.toString('latin1'))
    if (placeholder !== null) return { ...passage, standsFor: { browser, placeholder } }
    return { ...passage, body: { bytes: body, movedOn: null } }
  }

  /** False where the store is away. The body is taken, whatever the note says: nobody can send it twice. */
  async function isSettled(place: FormPlace, note: FormNote, givenBack: Buffer | null): Promise<boolean> {
    try {
      await keptForms.settle(place, note, givenBack)
      return true
    } catch (error) {
      if (error instanceof Fault) return false
      throw error
    }
  }

  return {
    read(passage, tenant) {
      const { facts } = passage
      const browser = facts.method === 'POST' ? readFormSecret(cookieOf(facts)) : null
      return browser !== null && mayBePlaceholder(facts, tenant, true) ? readIt(passage, browser) : passage
    },

    async take(passage, tenant, person) {
      const { standsFor = null } = passage
      if (standsFor?.placeholder == null || person === null) return { refused: 'form_gone' }
      const { id, proof } = standsFor.placeholder
      const place = { tenant: tenant.name, browser: standsFor.browser, id }
      const owner = personOfForm(person.session)
      if (!isFormProof(proof, place, owner)) return { refused: 'form_of_another' }
      const note = await keptForms.look(place)
      if (note === null || note.target !== passage.facts.target) return { refused: 'form_gone' }
      if (!(await keptForms.isFor(place, note, owner))) return { refused: 'form_of_another' }
      const body = note.is === 'sent' ? null : await keptForms.take(place)
      if (body === null) return { refused: 'form_sent' }
      const { requestId } = passage
      const { directoryId, objectId } = person.session.facts
      log.info('form_sent', { requestId, tenant: tenant.name, bytes: body.length, directoryId, objectId })
      const where = { place, note, body, movedTo: null as string | null }
      const movedOn = async (location: string) => {
        // To another origin it cannot be sent from here.
        const target = pathIn(location, tenant, note.target)
        if (target !== null && (await isSettled(place, { ...note, target }, body))) where.movedTo = target
      }
      const own = { bytes: body, movedOn }
      return Object.assign(where, { passage: { ...passage, body: own, facts: asSent(passage.facts, note) } })
    },

    async settle({ place, note, body, movedTo }, hasArrived) {
      // The browser is on its way with it, and may be done by now.
      if (movedTo !== null && hasArrived) return
      await isSettled(place, { ...note, is: hasArrived ? 'sent' : 'tried' }, hasArrived ? null : body)
    },
  }
}

/** Path and query of an address, as the browser will ask for it; null where it is of another origin. */
function pathIn(location: string, { publicUrl: { origin } }: Tenant, target: string): string | null {
  if (!URL.canParse(location, origin + target)) return null
  const url = new URL(location, origin + target)
  return url.origin === origin ? url.pathname + url.search : null
}

/** What an application is told of the form, and not of our page. */
function asSent(facts: RequestFacts, { contentType, page }: FormNote): RequestFacts {
  const { referer: _ours, ...headers } = facts.headers
  return { ...facts, headers: { ...headers, 'content-type': contentType, ...(page === null ? {} : { referer: page }) } }
}
