/** `/.auth/form`, where somebody comes back to whose form was kept: asks whether it is to be sent, or discards it. */
import type { IncomingMessage } from 'node:http'
import type { Answer } from '../core/answer/answer.ts'
import { endpoints, keptFormAddress } from '../core/request/addresses.ts'
import { isOwnForm, placeholderField, readPlaceholder } from '../core/request/own-form.ts'
import type { Log } from '../ops/log.ts'
import { readFormSecret } from '../session/cookie.ts'
import { type FormPlace, formProof, isFormProof, type KeptForms } from '../session/kept-forms.ts'
import type { Answers } from './answers.ts'
import type { Budgets } from './budgets.ts'
import { readForm } from './form.ts'
import { personOfForm } from './form-keeping.ts'
import type { Login } from './login.ts'
import { personOf } from './outcome-page.ts'
import { onceEach } from './query.ts'
import { cookieOf } from './read-facts.ts'
import { type Refuse, whoAsked } from './refusals.ts'
import type { Walk } from './walk.ts'

export type KeptFormEndpoint = (request: IncomingMessage, walk: Walk, query: string) => Promise<Answer>

export interface KeptFormParts {
  readonly answers: Answers
  readonly refuse: Refuse
  readonly keptForms: KeptForms
  readonly login: Login
  readonly budgets: Budgets
  readonly log: Log
}

/** @returns the handler of the endpoint. @throws Fault `session_store_down`, and as `Login.begin`. */
export function createKeptForm({ answers, refuse, keptForms, login, budgets, log }: KeptFormParts): KeptFormEndpoint {
  async function show(walk: Walk, id: string): Promise<Answer> {
    const { tenant, facts, session, requestId } = walk
    if (facts.kind !== 'navigation') return refuse(walk, 'login_required')
    const returnTo = keptFormAddress(id)
    if (session === null) {
      if (login.goesRound(facts, null)) return refuse(walk, 'login_loop')
      const tooMany = await budgets.signIn(walk)
      return tooMany ?? (await login.begin({ tenant, cookieHeader: cookieOf(facts), returnTo, attempt: 0 }))
    }
    const place = placeOf(walk, id)
    const note = place === null ? null : await keptForms.look(place)
    if (place === null || note === null) return refuse(walk, 'form_gone')
    if (note.is === 'sent') return refuse(walk, 'form_sent')
    const person = personOfForm(session)
    if (!(await keptForms.isFor(place, note, person))) return refuse(walk, 'form_of_another')
    const placeholder = { id, proof: formProof(place, person) }
    return answers.page(200, {
      page: 'kept-form',
      applicationName: tenant.branding.name,
      // With the origin, since a path may begin with two slashes.
      sendUrl: tenant.publicUrl.origin + note.target,
      discardUrl: endpoints.keptForm,
      field: placeholderField(placeholder),
      person: personOf(session),
      isKnown: note.person !== null,
      wasTried: note.is === 'tried',
      requestId,
    })
  }

  async function discard(request: IncomingMessage, walk: Walk): Promise<Answer> {
    const { tenant, facts, session } = walk
    const [name] = placeholderField({ id: '', proof: '' })
    if (!isOwnForm(facts, tenant)) return refuse(walk, 'cross_site_refused')
    const posted = await readForm(request, [name])
    const placeholder = readPlaceholder(`${name}=${posted?.[name] ?? ''}`)
    const place = placeholder === null ? null : placeOf(walk, placeholder.id)
    if (placeholder === null || place === null || session === null) return refuse(walk, 'form_gone')
    if (!isFormProof(placeholder.proof, place, personOfForm(session))) return refuse(walk, 'form_of_another')
    await keptForms.discard(place)
    log.info('form_discarded', whoAsked(walk))
    return { ...answers.redirect('/'), status: 303 }
  }

  return async function keptForm(request, walk, query) {
    if (walk.facts.method === 'POST') return await discard(request, walk)
    const id = onceEach(query, ['id'])?.id ?? ''
    return /^[\w-]{22}$/.test(id) ? await show(walk, id) : refuse(walk, 'form_gone')
  }
}

function placeOf({ tenant, facts }: Walk, id: string): FormPlace | null {
  const browser = readFormSecret(cookieOf(facts))
  return browser === null ? null : { tenant: tenant.name, browser, id }
}
