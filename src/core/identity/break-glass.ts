/**
 * Who comes in while the provider is away: an account of the gateway's own, with the one role that the configuration
 * gives it. No provider has stated anything of such a person, so nothing else of the session counts.
 */
import type { EmergencyAccount, Tenant } from '../gateway.ts'
import type { Session, SessionFacts } from './session.ts'

/** No provider has this name: those of the configuration have no slash at the beginning. */
export const breakGlassProvider = '/break-glass'
/** No directory has this id: Entra's are GUIDs, issuers are URLs. */
export const breakGlassDirectory = 'break-glass'

/** Whether the session was made with an account of the gateway's own, whatever has become of that since. */
export function isBreakGlass({ provider }: Pick<SessionFacts, 'provider'>): boolean {
  return provider === breakGlassProvider
}

/**
 * The account that vouches for somebody at this tenant; null for everybody whom a provider vouches for, and once the
 * account is gone, is for other tenants, or has another password (T83, T126).
 */
export function emergencyAccountOf(tenant: Tenant, facts: SessionFacts): EmergencyAccount | null {
  if (!isBreakGlass(facts) || facts.directoryId !== breakGlassDirectory) return null
  const account = tenant.emergency.find(({ name }) => objectIdOf(name) === facts.objectId)
  return account !== undefined && account.authority === facts.authority ? account : null
}

/**
 * The facts of a session that such an account makes. The name says what it is wherever an application shows it; there
 * is no e-mail address, and no group.
 */
export function breakGlassFacts(tenant: string, account: EmergencyAccount, now: number, endsAt: number): SessionFacts {
  const objectId = objectIdOf(account.name)
  return {
    ...{ tenant, objectId, directoryId: breakGlassDirectory, provider: breakGlassProvider },
    ...{ authority: account.authority, registration: breakGlassProvider },
    claims: { sub: objectId, preferred_username: objectId, name: `${account.name} (break-glass)` },
    ...{ groups: [], appRoles: [], directoryRoles: [], graph: {}, sid: null, contexts: {} },
    ...{ authTime: now, startedAt: now, checkedAt: now, endsAt },
  }
}

/** What the log and the application call the person. */
export function objectIdOf(name: string): string {
  return `break-glass:${name}`
}

/** One spelling for all in which a name can be typed: letter case, full-width letters, blanks (T54). */
export function foldAccountName(typed: string): string {
  return typed
    .slice(0, 200)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{C}]+/gu, '')
}

export interface GlassTimes {
  readonly lifetimeSeconds: number
  /** How long sessions go on after break-glass has closed. */
  readonly graceSeconds: number
}

/**
 * Whether the session may still be used.
 * @param openUntil when break-glass was last seen to be open for the tenant, in seconds since 1970; null: never here.
 */
export function breakGlassStands(
  tenant: Tenant,
  { facts }: Session,
  { times, openUntil, now }: { readonly times: GlassTimes; readonly openUntil: number | null; readonly now: number },
): boolean {
  if (emergencyAccountOf(tenant, facts) === null) return false
  if (now >= facts.startedAt + times.lifetimeSeconds) return false
  return now < Math.max(openUntil ?? 0, facts.startedAt) + times.graceSeconds
}
