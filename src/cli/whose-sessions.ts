/** Whose sessions are meant on the command line. */
import type { Written } from '../config/loader.ts'
import { breakGlassDirectory } from '../core/identity/break-glass.ts'
import type { Whose } from '../core/identity/whose.ts'

export interface Chosen {
  readonly person?: string
  readonly tenant?: string
  readonly provider?: string
  readonly all?: boolean
}

/** @returns null unless exactly one of them is chosen. */
export function whoseOf({ person, tenant, provider, all }: Chosen, written: Written): Whose | null {
  const meant: readonly (Whose | null)[] = [
    person === undefined ? null : personOf(person, written),
    tenant === undefined ? null : { of: 'tenant', tenant },
    provider === undefined ? null : { of: 'provider', provider },
    all === true ? { of: 'everybody' } : null,
  ]
  const [whose, ...others] = meant.filter((each) => each !== null)
  return whose === undefined || others.length > 0 ? null : whose
}

/** Both ids of Entra are GUIDs; elsewhere they are the issuer, which holds slashes, and `sub`, which may. */
function personOf(text: string, { providers, tenants }: Written): Whose {
  const all = [...providers, ...tenants.flatMap(({ draft }) => draft.providers ?? [])]
  for (const provider of all) {
    if (typeof provider !== 'object' || provider.kind !== 'oidc' || provider.issuer === undefined) continue
    const { issuer } = provider
    if (text.startsWith(`${issuer}/`))
      return { of: 'person', directoryId: issuer, objectId: text.slice(issuer.length + 1) }
  }
  // As `sessions list` shows an account of the gateway itself.
  const account = text.startsWith(`${breakGlassDirectory}/`) ? text.slice(breakGlassDirectory.length + 1) : null
  if (account !== null) return { of: 'person', directoryId: breakGlassDirectory, objectId: account }
  const [, directoryId, objectId] = /^([0-9a-f-]{36})\/([0-9a-f-]{36})$/i.exec(text) ?? []
  if (directoryId === undefined || objectId === undefined) return { of: 'object', objectId: asKept(text) }
  return { of: 'person', directoryId: asKept(directoryId), objectId: asKept(objectId) }
}

/** GUIDs are kept in lower case. */
function asKept(id: string): string {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) ? id.toLowerCase() : id
}

export function howMany(sessions: number): string {
  return `${sessions} ${sessions === 1 ? 'session' : 'sessions'}`
}
