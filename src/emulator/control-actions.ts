/** What the control can be asked to do from outside: a name and a JSON object each, checked before anything is done. */
import type { Control } from './control.ts'
import { endpoints, type Failure, type Service, type Throttle } from './failures.ts'
import type { Forgery } from './id-token.ts'
import { changeProblem, personProblem } from './person-shape.ts'
import { readChange } from './registration.ts'

type Sent = Readonly<Record<string, unknown>>

/** Does it, and gives what there is to tell; throws an error that says what is wrong with what was sent. */
type Action = (sent: Sent, control: Control) => unknown

const actions: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['change-person', (sent, control) => control.changePerson(textIn(sent, 'username'), changeIn(sent))],
  [
    'add-person',
    (sent, control) => {
      const problem = personProblem(sent.person)
      if (problem !== null) throw new Error(`person: ${problem}`)
      control.addPerson(sent.person as Parameters<Control['addPerson']>[0])
    },
  ],
  ['change-application', (sent, control) => control.changeApplication(readChange(sent.change))],
  ['remove-person', (sent, control) => control.removePerson(textIn(sent, 'username'))],
  ['revoke', (sent, control) => control.revoke(textIn(sent, 'username'), codeIn(sent))],
  ['withdraw-consent', (sent, control) => control.withdrawConsent(textIn(sent, 'username'))],
  ['sign-out-everybody', (_sent, control) => control.signOutEverybody()],
  ['fail', (sent, control) => control.fail(serviceIn(sent), failureIn(sent), timesIn(sent))],
  ['throttle', (sent, control) => control.throttle(serviceIn(sent), limitIn(sent))],
  ['refuse-sign-in', (sent, control) => control.refuseSignIn({ code: numberIn(sent, 'code') }, timesIn(sent))],
  ['recover', (_sent, control) => control.recover()],
  ['forge-next-id-token', (sent, control) => control.forgeNextIdToken(objectIn(sent, 'forgery') as Forgery)],
  ['forward-clock', (sent, control) => control.clock.forward(numberIn(sent, 'seconds'))],
  ['publish-key', async (_sent, control) => ({ kid: await control.keys.publishNew() })],
  ['switch-key', (_sent, control) => control.keys.switchToNewest()],
  ['retire-keys', (_sent, control) => control.keys.retireOthers()],
  ['emergency-key', async (_sent, control) => ({ kid: await control.keys.emergency() })],
])

export const actionNames: readonly string[] = [...actions.keys()]

/** @throws an Error in words for whoever sent it */
export async function act(name: string, sent: unknown, control: Control): Promise<unknown> {
  const action = actions.get(name)
  if (action === undefined) throw new Error(`There is no action of this name; there is ${actionNames.join(', ')}.`)
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent))
    throw new Error('An action is sent a JSON object.')
  return (await action(sent as Sent, control)) ?? {}
}

function textIn(sent: Sent, name: string): string {
  const value = sent[name]
  if (typeof value !== 'string') throw new Error(`"${name}" must be text.`)
  return value
}

function numberIn(sent: Sent, name: string): number {
  const value = sent[name]
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error(`"${name}" must be a number.`)
  return value
}

/** That of a revocation, unless it is said; null makes good again. */
function codeIn(sent: Sent): number | null {
  if (sent.code === null) return null
  return sent.code === undefined ? 50_173 : numberIn(sent, 'code')
}

/** Null for no limit. */
function limitIn(sent: Sent): Throttle | null {
  if (sent.requests === null) return null
  return { requests: numberIn(sent, 'requests'), seconds: numberIn(sent, 'seconds') }
}

/** Once, unless it is said; null is for ever. */
function timesIn(sent: Sent): number {
  if (sent.times === null) return Number.POSITIVE_INFINITY
  return sent.times === undefined ? 1 : numberIn(sent, 'times')
}

function objectIn(sent: Sent, name: string): Sent {
  const value = sent[name]
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`"${name}" must be an object.`)
  return value as Sent
}

function changeIn(sent: Sent): Parameters<Control['changePerson']>[1] {
  const problem = changeProblem(sent.change)
  if (problem !== null) throw new Error(`change: ${problem}`)
  if ('id' in objectIn(sent, 'change')) throw new Error('change: the object id stays what it is.')
  return objectIn(sent, 'change')
}

function serviceIn(sent: Sent): Service {
  const name = textIn(sent, 'endpoint')
  const services = endpoints.filter((endpoint) => endpoint !== 'authorize' && endpoint !== 'logout')
  const found = services.find((endpoint) => endpoint === name)
  if (found === undefined) throw new Error(`"endpoint" must be one of ${services.join(', ')}.`)
  return found
}

function failureIn(sent: Sent): Failure {
  const failure = objectIn(sent, 'failure')
  const kinds = ['status', 'aadsts', 'garbage', 'hang', 'close', 'delay']
  if (!kinds.includes(String(failure.kind))) throw new Error(`"failure.kind" must be one of ${kinds.join(', ')}.`)
  return failure as Failure
}
