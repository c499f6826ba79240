/** The finished header record that goes upstream: everything doubtful off, then what we vouch for on. */
import type { HeaderEntry, TemplatePart, Tenant, ToUpstream } from '../gateway.ts'
import { providerOf } from '../identity/authority.ts'
import { vouchedEmail } from '../identity/email.ts'
import type { RolesFound } from '../identity/roles.ts'
import type { ClaimValue, Session } from '../identity/session.ts'
import type { RequestFacts } from '../request/facts.ts'
import { type CookieBond, releaseCookies } from './bound-cookies.ts'
import { bindsConnection, connectionTokens, hopByHopNames } from './connection.ts'
import { withoutOwnCookies } from './cookies.ts'
import { encodeHeaderValue } from './encoding.ts'
import { hopsAfter, hopsName } from './hops.ts'
import { foldName, isIdentityName } from './identity-names.ts'

export type FinishedHeaders = Record<string, string | readonly string[]>

export interface Person {
  readonly session: Session
  readonly roles: RolesFound
}

/** Where a request goes: to which application of which tenant. */
export interface Way {
  readonly tenant: Tenant
  readonly to: ToUpstream
  /** To whom the application's own session cookies belong; none: nobody knows, and none of them goes on. */
  readonly bond?: CookieBond | null
  /** The session that these belong to, also where nobody is named to the application. */
  readonly holder?: Session | null
}

/**
 * Scrub, then add. Names are lower case, values one byte per character. Scrubbing does not look at who asks: it is the
 * same on public routes, without a session, and for upgrades (T25, T27, T102). What belongs to the connection is the
 * proxy's to say.
 */
export function finishHeaders(
  facts: RequestFacts,
  way: Way,
  person: Person | null,
  requestId: string,
): FinishedHeaders {
  // One literal, ours last: an object that grows field by field to this size becomes a dictionary, and each copy that
  // is made of it on its way out costs more than all of the gate.
  return {
    ...harmless(facts, way),
    ...(person === null ? wayHeaders(way) : identityHeaders(way, person)),
    'x-forwarded-for': facts.forwardedFor,
    'x-request-id': requestId,
    [hopsName]: hopsAfter(facts.headers) ?? '',
  }
}

/**
 * Belong to one connection, not to the request, or are written anew. How the body is framed is the
 * proxy's to say, from what the parser found.
 */
export const notPassedOn: ReadonlySet<string> = new Set([
  ...hopByHopNames,
  'content-length',
  'expect',
  'host',
  'http2-settings',
])

/** The caller's own fields, without those that are ours to write, speak for a person, or belong to the connection. */
function harmless(facts: RequestFacts, { tenant, to, bond = null }: Way): FinishedHeaders {
  const kept: FinishedHeaders = {}
  const named = namedByConnection(facts.headers.connection)
  const known = verdictsOf(tenant)
  for (const name in facts.headers) {
    const value = facts.headers[name]
    if (value === undefined || (known.get(name) ?? judge(tenant, name, known)) || named?.has(name)) continue
    if (name === 'cookie') {
      const others = withoutOwnCookies(String(value))
      const released = others === null ? null : releaseCookies(others, to.bindCookies, bond)
      if (released !== null) kept.cookie = released
    } else if (name !== 'authorization' || !bindsConnection(value)) {
      kept[name] = value
    }
  }
  return kept
}

/** Null in the ordinary case, so that it costs nothing. */
function namedByConnection(connection: string | readonly string[] | undefined): ReadonlySet<string> | null {
  const names = connection === undefined ? [] : connectionTokens(String(connection))
  return names.length === 0 ? null : new Set(names)
}

/**
 * Whether a field goes, by name; remembered, since callers send the same few names. Bounded, since they choose them.
 */
function verdictsOf(tenant: Tenant): Map<string, boolean> {
  const known = verdicts.get(tenant)
  if (known !== undefined) return known
  const made = new Map<string, boolean>()
  verdicts.set(tenant, made)
  return made
}

function judge(tenant: Tenant, name: string, known: Map<string, boolean>): boolean {
  const folded = foldName(name)
  // `Transfer_Encoding` is no header of ours, and might be one of somebody behind us (T93).
  const dropped = notPassedOn.has(folded) || isIdentityName(tenant, folded)
  if (known.size < mostVerdicts) known.set(name, dropped)
  return dropped
}

const verdicts = new WeakMap<Tenant, Map<string, boolean>>()
const mostVerdicts = 1_000

const byWay = new WeakMap<ToUpstream, FinishedHeaders>()

/** What every request says that goes this way. A destination belongs to one tenant, so it alone is the key. */
function wayHeaders({ tenant, to }: Way): Readonly<FinishedHeaders> {
  const known = byWay.get(to)
  if (known !== undefined) return known
  const { host, scheme } = tenant.publicUrl
  const headers: FinishedHeaders = { host: to.host, 'x-forwarded-proto': scheme, 'x-forwarded-host': host }
  if (to.stripPrefix !== null) headers['x-forwarded-prefix'] = to.stripPrefix
  byWay.set(to, headers)
  return headers
}

const byPerson = new WeakMap<
  ToUpstream,
  WeakMap<Session, { readonly tenant: Tenant; readonly headers: FinishedHeaders }>
>()

/**
 * The same with the identity of a person, worked out once per session, destination and compiled tenant: a reload may
 * change the roles of a tenant and keep its destinations.
 */
export function identityHeaders(way: Way, person: Person): Readonly<FinishedHeaders> {
  const { tenant, to } = way
  const people = byPerson.get(to) ?? new WeakMap()
  const known = people.get(person.session)
  if (known?.tenant === tenant) return known.headers
  const headers: FinishedHeaders = { ...wayHeaders(way) }
  let room = mostIdentityText
  for (const entry of to.headers.entries) {
    const value = entryValue(entry, way, person, room)
    if (value === null) continue
    headers[entry.name.toLowerCase()] = value
    room -= value.length
  }
  people.set(person.session, { tenant, headers })
  byPerson.set(to, people)
  return headers
}

/**
 * Of all identity headers of a request, in characters. No server takes as many; and templates of lists could name
 * millions (T88).
 */
const mostIdentityText = 65_536

/**
 * Null where a placeholder has no value, or the text is longer than there is room: the header is then absent, never
 * half filled and never the caller's.
 */
function entryValue(entry: HeaderEntry, { tenant, to }: Way, person: Person, room: number): string | null {
  let text = ''
  for (const part of entry.parts) {
    const value = partValue(part, tenant, person)
    if (value === null) return null
    text += value
    if (text.length > room) return null
  }
  const encoded = encodeHeaderValue(text, to.headers.encoding)
  return encoded === '' ? null : encoded
}

function partValue(part: TemplatePart, tenant: Tenant, person: Person): string | null {
  if ('text' in part) return part.text
  if ('claim' in part) return claimText(person.session, part.claim)
  if ('graph' in part) return graphText(person.session, part.graph)
  if ('list' in part) return listText(part.list, tenant, person)
  const provider = providerOf(tenant, person.session.facts)
  return provider === null ? null : vouchedEmail(provider, person.session.facts, false)
}

function claimText({ facts }: Session, name: string): string | null {
  if (name === 'oid') return facts.objectId
  if (name === 'tid') return facts.directoryId
  const value: ClaimValue | undefined = Object.hasOwn(facts.claims, name) ? facts.claims[name] : undefined
  if (value === undefined) return null
  return typeof value === 'object' ? joined(value) : String(value)
}

function graphText({ facts }: Session, property: string): string | null {
  return Object.hasOwn(facts.graph, property) ? (facts.graph[property] ?? null) : null
}

function listText(list: 'roles' | 'groups', tenant: Tenant, { session, roles }: Person): string | null {
  if (list === 'groups') return joined(session.facts.groups)
  return joined(tenant.sendRoles === 'highest' ? roles.roles.slice(0, 1) : roles.roles)
}

/** A comma inside an element would make two of one: such a list is not sent at all (T29). */
function joined(elements: readonly string[]): string | null {
  return elements.length === 0 || elements.some((element) => element.includes(',')) ? null : elements.join(',')
}
