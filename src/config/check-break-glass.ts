/** Rules across the keys of break-glass, and of the origin that it needs. */
import { hostName } from '../core/request/tenant.ts'
import type { Finding } from './issues.ts'
import type { SettingsDraft } from './main-file.ts'
import { doubled, unknownName } from './names.ts'

/** Checks the settings of the operator's file; tenants in files of their own are not known here. */
export function checkBreakGlass({ server, breakGlass, tenants, tenantFiles }: SettingsDraft): readonly Finding[] {
  const { consoleUrl, tls } = server ?? {}
  const findings: Finding[] = []
  if (tls !== undefined && consoleUrl?.scheme === 'http') {
    const message = 'with `server.tls` the listener speaks https: nobody could open this'
    findings.push({ path: ['server', 'consoleUrl'], message })
  }
  if (breakGlass === undefined) return findings
  if (server !== undefined && !('consoleUrl' in server && consoleUrl !== undefined)) {
    const message = 'without `server.consoleUrl` nobody could sign in: it needs an origin of its own'
    findings.push({ path: ['breakGlass'], at: 'key', found: null, message })
  }
  if (breakGlass.open === 'by-operator' && breakGlass.openWhile === undefined) {
    const message = 'without `openWhile` it would never be open'
    findings.push({ path: ['breakGlass', 'open'], message })
  }
  const { accounts = [] } = breakGlass
  const names = tenants?.map(nameOf) ?? []
  const isWhole = tenantFiles === undefined && names.every((each) => each !== undefined)
  const unknown = accounts.flatMap((each, index) =>
    (each?.tenants ?? []).flatMap((tenant, place) =>
      tenant === undefined || !isWhole
        ? []
        : unknownName(
            tenant,
            names,
            ['breakGlass', 'accounts', index, 'tenants', place],
            'there is no tenant of this name',
          ),
    ),
  )
  const twice = doubled(
    accounts.map((each, index) => [each?.name, ['breakGlass', 'accounts', index, 'name']]),
    'another account has this name',
  )
  return [...findings, ...unknown, ...twice]
}

function nameOf(tenant: unknown): string | undefined {
  const name = typeof tenant === 'object' && tenant !== null && 'name' in tenant ? tenant.name : undefined
  return typeof name === 'string' ? name : undefined
}

/**
 * Browsers send cookies to every port of a host name, and a script of an application may do whatever its origin may: no
 * tenant has the console's name, on whatever port (T118).
 */
export function isConsoleName(console: { readonly host?: string | undefined } | undefined, host: string): boolean {
  return console?.host !== undefined && hostName(console.host) === hostName(host)
}
