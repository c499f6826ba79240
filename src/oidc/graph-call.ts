/** One call of Microsoft Graph: JSON in, JSON out, and what its refusals mean for a sign-in. */
import { randomUUID } from 'node:crypto'
import type { CustomFetch } from 'openid-client'
import { Fault } from '../core/fault.ts'
import type { GraphAccess } from '../core/gateway.ts'
import { bounded } from './fetch.ts'
import { askedAgain } from './retry.ts'

export interface GraphReply {
  readonly status: number
  /** Undefined where it is no JSON. */
  readonly body: unknown
  readonly retryAfter: string | null
  /** By which Microsoft's support finds the call; in a batch that of the whole. */
  readonly requestId: string | null
}

/** Asks as one person, as long as the time for it lasts. */
export interface GraphCaller {
  readonly base: string
  readonly signal: AbortSignal
  /** @param address below the base. @throws Fault `graph_unreachable` where no answer comes. */
  get(address: string): Promise<GraphReply>
  /** The same for questions that need a body. */
  post(address: string, body: object): Promise<GraphReply>
}

export interface GraphToken {
  readonly access: GraphAccess
  readonly accessToken: string
}

/**
 * What fails in passing is asked again: nothing that the gateway asks changes anything at Graph.
 * @param ask the way out.
 * @param patience how long everything together may take that one sign-in asks, in milliseconds.
 * @param persists false for what nobody needs: it is then asked once.
 */
export function graphCaller(
  ask: CustomFetch,
  { access, accessToken }: GraphToken,
  patience: number,
  persists = true,
): GraphCaller {
  const patient = persists ? askedAgain(bounded(ask), Math.random, () => true) : bounded(ask)
  const signal = AbortSignal.timeout(patience)
  const headers = { Accept: 'application/json', Authorization: `Bearer ${accessToken}` }

  async function call(method: string, address: string, body?: string): Promise<GraphReply> {
    const type = body === undefined ? {} : { 'Content-Type': 'application/json' }
    const sent = { ...headers, ...type, 'client-request-id': randomUUID() }
    try {
      // Redirects are not followed: the token must not go where somebody else points (T110).
      const options = { method, headers: sent, body: body ?? null, redirect: 'manual' as const, signal }
      const answer = await patient(access.base + address, options)
      const text = await answer.text()
      const { status } = answer
      const retryAfter = answer.headers.get('retry-after')
      return { status, body: parsed(text), retryAfter, requestId: answer.headers.get('request-id') }
    } catch (cause) {
      throw new Fault('graph_unreachable', { cause })
    }
  }

  return {
    ...{ base: access.base, signal },
    get: (address) => call('GET', address),
    post: (address, body) => call('POST', address, JSON.stringify(body)),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The cause of a fault where Graph did answer. Only what looks like a code or an id is repeated (T91). */
class GraphRefusal extends Error {
  constructor(what: string, { status, body, requestId }: GraphReply) {
    const code = memberOf(memberOf(body, 'error'), 'code')
    const shown = typeof code === 'string' && /^[A-Za-z][\w.]{0,79}$/.test(code) ? code : '-'
    const id = requestId !== null && /^[0-9a-f-]{36}$/i.test(requestId) ? requestId : '-'
    super(`${what}: ${status} ${shown}, request-id ${id}`)
    this.name = 'GraphRefusal'
  }
}

/**
 * What an answer that helps nobody means: busy or broken, which may pass; or no, which an operator has to change.
 * @param what was asked.
 */
export function faultOf(what: string, reply: GraphReply): Fault {
  const mayPass = reply.status === 429 || reply.status >= 500 || reply.status < 300
  return new Fault(mayPass ? 'graph_unreachable' : 'graph_refused', { cause: new GraphRefusal(what, reply) })
}

/** What stands at a key of a JSON object; undefined where nothing does. */
export function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Readonly<Record<string, unknown>>)[key]
}
