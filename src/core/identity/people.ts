/** People whom the configuration names one by one, by directory and object id: never by an address or a name. */
import type { PersonRule, Tenant } from '../gateway.ts'
import { personalDirectory } from './authority.ts'

/** Entra's `tid` and `oid`, elsewhere issuer and `sub`. */
export interface PersonIds {
  readonly directoryId: string
  readonly objectId: string
}

export function isPerson(rule: PersonRule, { directoryId, objectId }: PersonIds): boolean {
  return rule.objectId === objectId && (rule.directoryId === null || rule.directoryId === directoryId)
}

/**
 * Whether somebody comes with a personal account that nobody named. Anybody in the world can have such an account, so
 * being signed in with one means nothing by itself, whatever `noRole` says.
 */
export function isUnknownPersonalAccount(tenant: Tenant, ids: PersonIds): boolean {
  if (ids.directoryId !== personalDirectory) return false
  return !tenant.roles.some(({ people }) => people.some((rule) => isPerson(rule, ids)))
}
