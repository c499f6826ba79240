/**
 * Which browsers have begun a sign-in here a short time ago: we vouch for that in the cookie that binds their sign-ins.
 * So somebody on their way is told from everybody else behind the same address, and nothing is stored for it.
 */
import { createHmac } from 'node:crypto'
import { isSameSecret } from '../ops/same-secret.ts'
import { findBinding } from './cookie.ts'
import type { KeyRing } from './seal.ts'

export interface VouchedBindings {
  /** The binding in a Cookie header, where we vouch for it; null otherwise. */
  find(header: string | undefined): string | null
  /**
   * The value of the cookie for a binding whose sign-in has been let begin. One that is vouched for is not vouched for
   * anew: who collects them has to begin again with each, after an hour.
   */
  vouch(binding: string, header: string | undefined): string
}

/** As long as the cookie lives when it is not used. */
export const vouchedSeconds = 3600
const clockLeeway = 60

/** @param clock seconds since 1970. */
export function createVouchedBindings(ring: Pick<KeyRing, 'bindingKeys'>, clock: () => number): VouchedBindings {
  function isVouched(value: string): boolean {
    const [binding = '', stamp = ''] = value.split('.')
    const age = clock() - Number.parseInt(stamp, 36)
    // Not a number compares with nothing.
    if (!(age >= -clockLeeway && age < vouchedSeconds)) return false
    return ring.bindingKeys.some((key) => isSameSecret(value, signed(key, binding, stamp)))
  }

  function find(header: string | undefined): string | null {
    const value = findBinding(header)
    return value !== null && isVouched(value) ? value.slice(0, value.indexOf('.')) : null
  }

  return {
    find,
    vouch(binding, header) {
      const there = findBinding(header)
      if (there !== null && find(header) === binding) return there
      return signed(ring.bindingKeys[0] ?? '', binding, Math.floor(clock()).toString(36))
    },
  }
}

function signed(key: string, binding: string, stamp: string): string {
  // Neither part can hold a dot, so the boundary cannot be shifted (T56).
  const proof = createHmac('sha256', key).update(`${binding}.${stamp}`).digest().subarray(0, 16)
  return `${binding}.${stamp}.${proof.toString('base64url')}`
}
