/**
 * Names on the command line that must be in the configuration: a typing error is told, and does not look like an empty
 * result.
 */
import type { Command } from 'commander'
import { printable } from '../config/issues.ts'
import type { Written } from '../config/loader.ts'
import { nearest } from '../config/nearest.ts'
import { type Choice, providerNames } from '../config/registrations.ts'

/** A name that stands for nothing is a wrong command line. */
export function refuseUnknown(written: Written, { tenant, provider }: Choice, command: Command): void {
  const tenants = written.tenants.map(({ name }) => name)
  for (const [what, wanted, names] of [
    ['tenant', tenant, tenants],
    ['provider', provider, providerNames(written)],
  ] as const) {
    if (wanted === undefined || names.includes(wanted)) continue
    const meant = nearest(wanted, names)
    const hint = meant === null ? '' : ` (did you mean ${meant}?)`
    command.error(`error: there is no ${what} '${printable(wanted)}'${hint}`, { exitCode: 2 })
  }
}
