/** The provider that an address of ours names. */
import type { Provider, Tenant } from '../core/gateway.ts'

/**
 * The bare name, as the tenant writes it: its own provider `payroll/own` is called `own` there, and wins over a shared
 * one.
 * @returns null where the tenant has none of this name that is enabled.
 */
export function providerCalled({ name, providers }: Tenant, segment: string): Provider | null {
  const own = providers.find((each) => each.name === `${name}/${segment}`)
  return own ?? providers.find((each) => each.name === segment) ?? null
}
