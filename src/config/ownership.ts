/**
 * Whose a host is when more than one tenant says it is its own. A host never moves from a tenant that has it to one that merely
 * claims it: else the author of one tenant could take over another's sign-ins (T125).
 */
import { hostName } from '../core/request/tenant.ts'

/** In which form a tenant is to be served: as it is written now, as it was last valid, or not at all. */
export type Form = 'new' | 'last-good' | 'none'

export interface Contender {
  readonly name: string
  /** False for a tenant of the operator's own file. */
  readonly inFile: boolean
  /** Hosts of what is written now; as far as they can be made out, where it is not valid. */
  readonly claims: readonly string[]
  /** Whether what is written now is valid. */
  readonly valid: boolean
  /** Hosts of the last valid form, if there is one. */
  readonly before: readonly string[] | null
}

export interface Settled {
  readonly forms: ReadonlyMap<string, Form>
  /** Host → name of the tenant. */
  readonly owners: ReadonlyMap<string, string>
  /** Name of a tenant → hosts that it claims in vain. */
  readonly conflicts: ReadonlyMap<string, readonly string[]>
}

/**
 * @param contenders of distinct names, in the order of the configuration.
 * @param before host → name of the tenant that has it until now.
 * Without a former owner, a tenant of the operator's own file wins, then the first of those; of several tenant files, nobody does.
 */
export function settle(contenders: readonly Contender[], before: ReadonlyMap<string, string>): Settled {
  const forms = new Map(contenders.map((each) => [each.name, each.valid ? 'new' : fallback(each)]))
  const conflicts = new Map<string, readonly string[]>()
  for (;;) {
    const owners = ownersOf(contenders, forms, before)
    const fallen = contenders.filter(({ name, claims }) => {
      const lost = forms.get(name) === 'new' ? claims.filter((host) => owners.get(host) !== name) : []
      if (lost.length > 0) conflicts.set(name, lost)
      return lost.length > 0
    })
    if (fallen.length === 0) return { forms, owners, conflicts }
    // Back in its last form, a tenant may want a host again that it was about to give up: so all is settled anew.
    for (const each of fallen) forms.set(each.name, fallback(each))
  }
}

function fallback({ before }: Contender): Form {
  return before === null ? 'none' : 'last-good'
}

function ownersOf(
  contenders: readonly Contender[],
  forms: ReadonlyMap<string, Form>,
  before: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const firm = new Map<string, Contender[]>()
  const loose = new Map<string, string>()
  for (const each of contenders) {
    const form = forms.get(each.name)
    const hosts = form === 'last-good' ? (each.before ?? []) : each.claims
    for (const host of new Set(hosts)) {
      // What is not served holds a host only as long as nobody else wants it.
      if (form === 'none' && before.get(host) !== each.name) loose.set(host, loose.get(host) ?? each.name)
      else firm.set(host, [...(firm.get(host) ?? []), each])
    }
  }
  const owners = new Map(loose)
  const neighbours = neighboursOf(firm, before)
  for (const [host, claimants] of firm) {
    const owner = ownerAmong(claimants, before.get(host), neighbours(host))
    if (owner === null) owners.delete(host)
    else owners.set(host, owner.name)
  }
  return owners
}

/**
 * Browsers send cookies to every port of a host name, so whoever has one port can play with the people of another. Of the other
 * claimants of a name, these are in the way of a host: at a port, all; without one, those that are there already or are the
 * operator's own, so that nobody can keep an application from its plain address by asking for a port of it.
 */
function neighboursOf(firm: ReadonlyMap<string, readonly Contender[]>, before: ReadonlyMap<string, string>) {
  const byName = Map.groupBy(firm, ([host]) => hostName(host))
  return (host: string): readonly Contender[] => {
    const others = (byName.get(hostName(host)) ?? []).filter(([other]) => other !== host)
    return others.flatMap(([other, claimants]) =>
      claimants.filter(({ name, inFile }) => host !== hostName(host) || !inFile || before.get(other) === name),
    )
  }
}

function ownerAmong(
  claimants: readonly Contender[],
  former: string | undefined,
  neighbours: readonly Contender[],
): Contender | null {
  const [only, ...others] = claimants
  const owner =
    others.length === 0
      ? (only ?? null)
      : (claimants.find(({ name }) => name === former) ?? claimants.find(({ inFile }) => !inFile) ?? null)
  // What it has, it keeps; and the operator knows what he does.
  if (owner === null || !owner.inFile || owner.name === former) return owner
  return neighbours.some(({ name }) => name !== owner.name) ? null : owner
}
