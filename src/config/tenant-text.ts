/** One tenant as it is written, in the operator's file or in one of its own, and what its reading gives. */
import { isMap } from 'yaml'
import type { Address, PublicUrl } from '../core/gateway.ts'
import { checkTenant } from './check-tenant.ts'
import { explain, placeFinding } from './explain.ts'
import type { Schema } from './field.ts'
import { type Finding, formatPath, type Issue, type Path } from './issues.ts'
import type { ProviderDraft } from './provider-draft.ts'
import type { Source } from './read.ts'
import { type Salvaged, salvage, type TenantDraft } from './salvage.ts'
import { type TenantDocument, tenantSchema } from './schema.ts'
import { pathKey } from './tree.ts'

export interface TenantText {
  readonly source: Source
  /** Where in its file the tenant stands. */
  readonly at: Path
  /** Plain data, references replaced. */
  readonly value: unknown
  /** Of the whole file, for places and explanations. */
  readonly schema: Schema
  readonly whole: unknown
  /** As written, or as the file is called; null where neither says it. */
  readonly name: string | null
  /** True for a tenant in a file of its own. */
  readonly inFile: boolean
  /** Keys (pathKey) of places whose value is not known. */
  readonly unknown: ReadonlySet<string>
  /** What was wrong already when it was read. */
  readonly issues: readonly Issue[]
}

/** What all tenants are read against. */
export interface Around {
  readonly defaults: TenantText
  readonly providers: readonly ProviderDraft[]
  readonly listensWithTls: boolean
  readonly management: Salvaged<Address>
  /** The gateway's own origin, as far as that is known. */
  readonly consoleUrl: Salvaged<PublicUrl>
}

export interface TenantRead {
  readonly name: string
  readonly file: string
  readonly inFile: boolean
  /** Null where there is an issue. */
  readonly document: TenantDocument | null
  /** What of it can be relied on in any case. */
  readonly draft: TenantDraft
  readonly issues: readonly Issue[]
  /** Whether it says that it is switched off: that holds even where something else is wrong with it. */
  readonly isOff: boolean
  /** The hosts that it says are its own; what could be made out of them, where there is an issue. */
  readonly claims: readonly Claim[]
  /** The issue that it is, if another has the same name. */
  readonly namesake: Issue
}

export interface Claim {
  /** In the spelling of tenants' hosts, as `PublicUrl.host`. */
  readonly host: string
  /** The issue that a second claim of the same host is. */
  readonly conflict: Issue
}

/** Of one tenant: nobody reads more, and every place is looked up. */
export const mostFindings = 200

/**
 * Reads a tenant on top of the defaults: mappings are merged, lists and single values replaced.
 * @param now seconds since 1970.
 */
export function readTenant(text: TenantText, around: Around, now: number): TenantRead {
  const { defaults } = around
  const value = merge(defaults.value, named(text))
  const unknown = new Set([
    ...text.unknown,
    ...[...defaults.unknown].filter((key) => !isOverridden(text, JSON.parse(key) as Path)),
  ])
  const parsed = tenantSchema.safeParse(value)
  const whole = parsed.success && unknown.size === 0
  const draft: TenantDraft = whole ? parsed.data : (salvage(tenantSchema, value, unknown) ?? {})
  const refused = parsed.success ? [] : explain(parsed.error.issues, tenantSchema, value)
  const isWritten = (path: Path) => nodeAt(text, path) !== null
  const isGiven = (path: Path) => isWritten(path) || comesFrom(defaults, text, path)
  const all = [
    ...refused.filter(({ path }) => !unknown.has(pathKey(path))),
    ...checkTenant(draft, { ...around, now, isWritten, isGiven }),
    ...(text.inFile ? checkOutside(text) : []),
  ]
  const findings = all.slice(0, mostFindings)
  const place = (finding: Finding) => placeIn(text, defaults, finding)
  const issues = [...text.issues, ...findings.map(place)]
  return {
    name: text.name ?? formatPath(text.at),
    ...{ file: text.source.file, inFile: text.inFile },
    document: issues.length === 0 && parsed.success ? parsed.data : null,
    draft,
    issues,
    isOff: draft.enabled === false,
    claims: claimsOf(draft, place),
    namesake: place({ path: ['name'], message: 'another tenant has this name' }),
  }
}

/**
 * What the author of a tenant file has no business with: a socket may belong to anything on the machine; the identity
 * of the machine would be handed to whatever sign-in service the file names; and a registration that is shared may be
 * let in to the APIs of others, whose tokens would then be handed to the application that the file names (T125).
 */
function checkOutside(text: TenantText): readonly Finding[] {
  const { routes, providers } = isMapping(text.value) ? text.value : {}
  const upstreams: readonly Path[] = [
    ['upstream'],
    ...(Array.isArray(routes) ? routes.map((_, index) => ['routes', index, 'upstream']) : []),
  ]
  const message = 'a tenant file cannot name a socket: only the operator\u2019s file can, here or in `defaults`'
  const identity =
    'a tenant file cannot use the identity of the gateway: only the operator\u2019s file can, in a shared provider'
  const federated: readonly Path[] = (Array.isArray(providers) ? providers : []).map((_, index) => [
    ...['providers', index, 'credential', 'federated'],
  ])
  const found = (path: Path, said: string): readonly Finding[] =>
    nodeAt(text, path) === null ? [] : [{ path, at: 'key', found: null, message: said }]
  const isOwn = Array.isArray(providers) && providers.every(isMapping)
  const plans: readonly Path[] = [
    ['headers'],
    ...(Array.isArray(routes) ? routes.map((_, index) => ['routes', index, 'headers']) : []),
  ]
  const token =
    'a tenant file can ask for access tokens only of providers of its own: those of a shared one may be for the API of another'
  return [
    ...upstreams.flatMap((path) => found([...path, 'socket'], message)),
    ...federated.flatMap((path) => found(path, identity)),
    ...(isOwn ? [] : plans.flatMap((path) => found([...path, 'accessToken'], token))),
  ]
}

function claimsOf(draft: TenantDraft, place: (finding: Finding) => Issue): readonly Claim[] {
  const message = 'another tenant has this host: the host alone decides which tenant a request is for'
  const addresses: readonly (readonly [{ readonly host?: string | undefined } | undefined, Path])[] = [
    [draft.publicUrl, ['publicUrl']],
    ...(draft.aliases ?? []).map((alias, index) => [alias, ['aliases', index]] as const),
  ]
  return addresses.flatMap(([url, path]) =>
    url?.host === undefined ? [] : [{ host: url.host, conflict: place({ path, message }) }],
  )
}

/** A tenant file is named after its file. */
function named({ value, name, inFile }: TenantText): unknown {
  return inFile && isMapping(value) && value.name === undefined ? { ...value, name } : value
}

function merge(below: unknown, above: unknown): unknown {
  if (above === undefined) return below
  if (!isMapping(below) || !isMapping(above)) return above
  const keys = new Set([...Object.keys(below), ...Object.keys(above)])
  // Without prototype, so that a key named `__proto__` is a key like any other (and unknown).
  const merged: Record<string, unknown> = Object.create(null)
  for (const key of keys) merged[key] = merge(below[key], above[key])
  return merged
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function nodeAt({ source, at }: TenantText, path: Path) {
  return source.nodeAt([...at, ...path])
}

/** Whether what the defaults have at a place is what counts for the tenant. */
function comesFrom(defaults: TenantText, text: TenantText, path: Path): boolean {
  return nodeAt(defaults, path) !== null && !isOverridden(text, path)
}

/** Whether the tenant says itself what is at a place, or replaces a list around it. */
function isOverridden(text: TenantText, path: Path): boolean {
  return path.some((_, index) => {
    const node = nodeAt(text, path.slice(0, index + 1))
    return node !== null && (index === path.length - 1 || !isMap(node))
  })
}

/** Where the tenant itself says nothing, what is wrong came with the defaults. */
function placeIn(text: TenantText, defaults: TenantText, finding: Finding): Issue {
  const { path } = finding
  const fromDefaults = path.length > 0 && comesFrom(defaults, text, path)
  const { source, at, schema, whole } = fromDefaults ? defaults : text
  const message = fromDefaults ? `${finding.message} (for the tenant ${text.name ?? 'without name'})` : finding.message
  return placeFinding({ ...finding, message, path: [...at, ...path] }, source, schema, whole)
}
