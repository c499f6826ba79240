/** Asks Microsoft Graph about the person who signs in: for what the token leaves open, and for what headers send. */
import type { CustomFetch } from 'openid-client'
import type { GraphFindings, GraphQuestions } from '../core/identity/graph-questions.ts'
import { faultOf, type GraphCaller, type GraphToken, graphCaller, memberOf } from './graph-call.ts'
import { askMemberships } from './graph-membership.ts'

/**
 * Nothing is asked where there is no question. Only at sign-ins and revalidations: never while a request waits.
 * @throws Fault `graph_unreachable` where it may pass, `graph_refused` where an operator has to act.
 */
export type AskGraph = (token: GraphToken, questions: GraphQuestions) => Promise<GraphFindings>

export interface GraphParts {
  /** The way out. */
  readonly ask: CustomFetch
  /** How long everything together may take that one sign-in asks, in milliseconds: a person waits. */
  readonly patience?: number
}

export function createGraph({ ask, patience = 10_000 }: GraphParts): AskGraph {
  return async (token, questions) => {
    const graph = graphCaller(ask, token, patience)
    const [memberships, properties] = await Promise.all([
      questions.memberships.length === 0 ? null : askMemberships(graph, questions.memberships),
      questions.properties.length === 0 ? {} : askProperties(graph, questions.properties),
    ])
    return { memberships, properties }
  }
}

/**
 * https://learn.microsoft.com/graph/api/user-get: one call for all of them. A property that Graph does not know is
 * refused.
 */
async function askProperties(graph: GraphCaller, names: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const whole = [...new Set(names.map((name) => name.split('.')[0] ?? name))]
  const reply = await graph.get(`/me?$select=${whole.join(',')}`)
  const { status, body } = reply
  if (status !== 200 || typeof body !== 'object' || body === null) throw faultOf('me', reply)
  return Object.fromEntries(names.map((name) => [name, name.split('.').reduce(memberOf, body as unknown) ?? null]))
}
