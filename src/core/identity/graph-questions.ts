/**
 * What Microsoft Graph is asked about a person, and what is kept of its answers: only what the configuration has a use
 * for.
 */
import type { EntraProvider, Tenant } from '../gateway.ts'
import { harmless } from './claims.ts'
import { mayAskMemberships } from './overage.ts'

export interface GraphQuestions {
  /** Object ids of which it must be known whether the person belongs to them, directly or not. */
  readonly memberships: readonly string[]
  /** Properties of the person; below a dot, a part of one. */
  readonly properties: readonly string[]
}

export interface GraphFindings {
  /** Of the ids that were asked, in lower case, those that the person belongs to; null where nobody asked. */
  readonly memberships: ReadonlySet<string> | null
  /** As Graph said them, checked for nothing. Null or not there: the person has no such value. */
  readonly properties: Readonly<Record<string, unknown>>
}

export const nothingAsked: GraphQuestions = { memberships: [], properties: [] }
export const nothingFound: GraphFindings = { memberships: null, properties: {} }

const properties = new WeakMap<Tenant, readonly string[]>()

/** The properties that headers of the tenant send, each once. */
export function graphProperties(tenant: Tenant): readonly string[] {
  const known = properties.get(tenant)
  if (known !== undefined) return known
  const entries = tenant.routes.flatMap(({ to }) => (to.act === 'forward' ? to.headers.entries : []))
  const named = entries.flatMap(({ parts }) => parts.flatMap((part) => ('graph' in part ? [part.graph] : [])))
  const made = [...new Set(named)]
  properties.set(tenant, made)
  return made
}

/** Whether a sign-in here could have to ask Graph, for which a token needs `User.Read`. */
export function mayAskGraph(tenant: Tenant, provider: EntraProvider): boolean {
  return graphProperties(tenant).length > 0 || mayAskMemberships(tenant, provider)
}

const longestValue = 1_024
const mostValueText = 4_096

/**
 * The values that headers can carry. One with control characters, or beyond the bounds, is left out (T28, T88).
 * @returns also the names of what was dropped, for the log.
 */
export function keepProperties(
  names: readonly string[],
  found: GraphFindings,
): { readonly kept: Readonly<Record<string, string>>; readonly dropped: readonly string[] } {
  const kept: [string, string][] = []
  const dropped: string[] = []
  let size = 0
  for (const name of names) {
    const value = Object.hasOwn(found.properties, name) ? found.properties[name] : null
    // An empty list and an empty text say as little as null.
    if (value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)) continue
    const text = textOf(value)
    const length = name.length + (text?.length ?? 0)
    // What is left out takes no room: people write some of these values themselves, and must not crowd out the others.
    if (text === null || text.length > longestValue || size + length > mostValueText || !harmless(text)) {
      dropped.push(name)
      continue
    }
    size += length
    kept.push([name, text])
  }
  return { kept: Object.fromEntries(kept), dropped: dropped.map((name) => `graph.${name}`) }
}

/** Null for what is no single text; of a list with a comma inside nobody could tell where one element ends (T29). */
function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string' && !each.includes(','))) return null
  return value.join(',')
}
