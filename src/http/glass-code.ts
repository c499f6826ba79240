/**
 * The hand-over from the console to a tenant's own origin: sealed, for a minute, for one transaction of one browser.
 * That it is used once over all replicas is the transaction's doing (T46).
 */
import type { EmergencyAccount } from '../core/gateway.ts'
import type { KeyRing } from '../session/seal.ts'

const lastsSeconds = 60
/** Clocks of replicas may differ by this much. */
const clockLeeway = 10

export interface GlassCode {
  /** Of the transaction. */
  readonly nonce: string
  readonly account: Pick<EmergencyAccount, 'name' | 'authority'>
}

export interface GlassCodes {
  seal(tenant: string, code: GlassCode): string
  /** Null: not made by us, not for this tenant, changed, or too old. */
  open(tenant: string, sealed: string): GlassCode | null
}

export function createGlassCodes(ring: KeyRing, clock: () => number): GlassCodes {
  return {
    seal(tenant, { nonce, account }) {
      return ring.sealText(context(tenant), JSON.stringify([nonce, account.name, account.authority, clock()]))
    },
    open(tenant, sealed) {
      const text = sealed.length > longest ? null : ring.openText(context(tenant), sealed)
      if (text === null) return null
      // The seal is ours, and so is what is in it.
      const [nonce, name, authority, at] = JSON.parse(text) as [string, string, string, number]
      const age = clock() - at
      return age <= lastsSeconds && age >= -clockLeeway ? { nonce, account: { name, authority } } : null
    },
  }
}

const longest = 1_000

function context(tenant: string): readonly string[] {
  return ['break-glass code', tenant]
}
