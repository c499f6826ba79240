/** Which tenants are served in which form: as written now, as they were last valid, or not at all. */
import type {
  BreakGlassSettings,
  ClosedHost,
  Gateway,
  Provider,
  PublicUrl,
  Tenant,
  TenantTrouble,
} from '../core/gateway.ts'
import { normaliseHost } from '../core/request/tenant.ts'
import { isSame } from '../core/same.ts'
import { compileTenant } from './compile.ts'
import { formatIssue, type Issue } from './issues.ts'
import { type Contender, type Form, type Settled, settle } from './ownership.ts'
import type { TenantDocument } from './schema.ts'
import type { TenantRead } from './tenant-text.ts'

/** By name; null for one that is switched off. */
export type Providers = ReadonlyMap<string, Provider | null>

/** A tenant in the form in which it was last compiled. */
export interface Standing {
  readonly file: string
  readonly hosts: readonly string[]
  readonly document: TenantDocument
  /** What it was compiled with. */
  readonly providers: Providers
  readonly breakGlass: BreakGlassSettings | null
  /** Null where it is switched off. */
  readonly tenant: Tenant | null
}

export type StandingByName = ReadonlyMap<string, Standing>

export interface Stood {
  readonly standing: StandingByName
  /** Host → name of the tenant that has it. */
  readonly owners: ReadonlyMap<string, string>
  readonly troubles: readonly TenantTrouble[]
  /** One of each name. */
  readonly tenants: readonly TenantRead[]
  /** Conflicts of names and hosts, which no tenant has by itself. */
  readonly conflicts: readonly Issue[]
  /** Of these conflicts, those of files that are passed over. */
  readonly passedOver: readonly Issue[]
}

/** What tenants are compiled with. */
export interface Shared {
  readonly providers: Providers
  readonly breakGlass: BreakGlassSettings | null
}

/** Compiles whoever may stand in the form that is written, and keeps the others as they were. */
export function standUp(all: readonly TenantRead[], shared: Shared, before: StandingByName): Stood {
  const { one, passedOver } = oneOfEachName(all, before)
  const former = new Map([...before].flatMap(([name, { hosts }]) => hosts.map((host) => [host, name] as const)))
  const settled = settle(
    one.map((each) => contenderOf(each, before.get(each.name))),
    former,
  )
  const rivalry = rivalries(one, settled)
  const standing = new Map<string, Standing>()
  const troubles: TenantTrouble[] = []
  const found: Issue[] = []
  for (const each of one) {
    const form = settled.forms.get(each.name) ?? 'none'
    const next = formed(each, form, { ...shared, last: before.get(each.name) })
    if (next !== null) standing.set(each.name, next)
    const lost = settled.conflicts.get(each.name) ?? []
    const own = each.claims
      .filter(({ host }) => lost.includes(hostKey(host)))
      .map(({ host, conflict }) => ({ ...conflict, message: rivalry(each.name, hostKey(host)) }))
    found.push(...own)
    const [first, ...others] = [...each.issues, ...own]
    if (first === undefined) continue
    const served = next === null ? 'not' : 'last-good'
    troubles.push({ tenant: each.name, served, issue: formatIssue(first), issues: others.length + 1 })
  }
  const { owners } = settled
  return { standing, owners, troubles, tenants: one, conflicts: [...passedOver, ...found], passedOver }
}

/** Who is in the way of a tenant at a host, in words: at night, nobody wants to search a thousand files for it. */
function rivalries(all: readonly TenantRead[], { owners, conflicts, forms }: Settled) {
  const contested = new Set([...conflicts.values()].flat())
  const claimants = new Map<string, string[]>()
  for (const { name, claims } of conflicts.size === 0 ? [] : all) {
    for (const host of hostsOf(claims).filter((each) => contested.has(each))) {
      claimants.set(host, [...(claimants.get(host) ?? []).slice(0, 1), name])
    }
  }
  return (name: string, host: string): string => {
    const owner = owners.get(host)
    const other = owner === name ? claimants.get(host)?.find((each) => each !== name) : owner
    const who = other === undefined ? '' : ` (${other})`
    return forms.get(other ?? '') === 'none'
      ? `another tenant wants this host too${who}, and neither has it: the host alone decides which tenant a request is for`
      : `another tenant has this host${who}: the host alone decides which tenant a request is for`
  }
}

/** Two of one name: who has it keeps it, else the operator's own file, else nobody. */
function oneOfEachName(all: readonly TenantRead[], before: StandingByName) {
  const byName = Map.groupBy(all, ({ name }) => name)
  const passedOver: Issue[] = []
  const one = [...byName].map(([name, namesakes]): TenantRead => {
    const [first, ...others] = namesakes
    if (first === undefined) throw new Error('a name of nobody')
    if (others.length === 0) return first
    const had = before.get(name)?.file
    const owner =
      namesakes.find(({ file, inFile }) => inFile && file === had) ?? namesakes.find(({ inFile }) => !inFile)
    const rest = namesakes.filter((each) => each !== owner).map(({ namesake }) => namesake)
    if (owner === undefined) return { ...first, document: null, claims: [], issues: rest }
    passedOver.push(...rest)
    return owner
  })
  return { one, passedOver }
}

function contenderOf({ name, inFile, claims, document }: TenantRead, last: Standing | undefined): Contender {
  return { name, inFile, claims: hostsOf(claims), valid: document !== null, before: last?.hosts ?? null }
}

interface Past extends Shared {
  readonly last: Standing | undefined
}

function formed(read: TenantRead, form: Form, { last, ...shared }: Past): Standing | null {
  const { document, file, claims, isOff } = read
  if (form === 'new' && document !== null) {
    return compiled({ document, file, hosts: hostsOf(claims) }, { ...shared, last })
  }
  if (form === 'none' || last === undefined) return null
  // To switch off must not fail because of something else in the file.
  if (isOff) return { ...last, tenant: null, providers: new Map() }
  const isWhole = last.document.providers.every((each) => typeof each !== 'string' || shared.providers.has(each))
  // A provider that is switched off or has another secret counts for the last good form too, and so do accounts (T126).
  return compiled(last, { ...shared, providers: isWhole ? shared.providers : last.providers, last })
}

function compiled(
  { document, file, hosts }: Pick<Standing, 'document' | 'file' | 'hosts'>,
  { last, ...shared }: Past,
): Standing {
  const { providers, breakGlass } = shared
  const isKept = last?.providers === providers && last.breakGlass === breakGlass
  if (last !== undefined && isKept && last.document === document) return last
  const before = last?.tenant ?? null
  const made = compileTenant(document, { ...shared, before })
  return { file, hosts, document, ...shared, tenant: isSame(before, made) ? before : made }
}

/** What requests are looked up in. */
export function hostMaps(
  { standing, owners }: Stood,
  console: PublicUrl | null,
): Pick<Gateway, 'tenants' | 'tenantsByHost' | 'aliases' | 'closedHosts'> {
  const tenants = [...standing.values()].flatMap(({ tenant }) => tenant ?? [])
  const closed = [...owners].filter(([, name]) => (standing.get(name)?.tenant ?? null) === null)
  // A tenant that had the console's host before it was the console's is refused by now, and loses the host at once.
  const taken = console === null ? null : hostKey(console.host)
  const isFree = ([host]: readonly [string, unknown]) => host !== taken
  const why = (name: string): ClosedHost => ({ tenant: name, why: standing.has(name) ? 'off' : 'broken' })
  return {
    tenants,
    tenantsByHost: new Map(tenants.map((tenant) => [hostKey(tenant.publicUrl.host), tenant] as const).filter(isFree)),
    aliases: new Map(
      tenants.flatMap((tenant) => tenant.aliases.map(({ host }) => [hostKey(host), tenant] as const)).filter(isFree),
    ),
    closedHosts: new Map(closed.map(([host, name]) => [host, why(name)])),
  }
}

function hostsOf(claims: TenantRead['claims']): readonly string[] {
  return claims.map(({ host }) => hostKey(host))
}

/** The spelling that requests are looked up in. */
function hostKey(host: string): string {
  return normaliseHost(host) ?? host
}
