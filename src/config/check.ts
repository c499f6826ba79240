/** Rules across keys of everything but the tenants: names that must be unique, addresses, providers, settings without effect. */
import type { Address } from '../core/gateway.ts'
import type { Secret } from '../core/secret.ts'
import { certificateProblems } from './certificates.ts'
import { checkBreakGlass } from './check-break-glass.ts'
import { checkProvider, type IsWritten } from './check-provider.ts'
import { checkStore } from './check-store.ts'
import type { Finding } from './issues.ts'
import type { SettingsDraft } from './main-file.ts'
import { doubled } from './names.ts'
import type { Salvaged } from './salvage.ts'
import { writeDuration } from './values.ts'

/**
 * Checks what can be relied on; parts that the schema refused are holes and raise nothing more.
 * @param now seconds since 1970.
 */
export function check(draft: SettingsDraft, isWritten: IsWritten, now: number): readonly Finding[] {
  const providers = draft.providers ?? []
  return [
    ...checkServer(draft, now),
    ...checkSession(draft),
    ...checkStore(draft, isWritten),
    ...providers.flatMap((provider, index) => checkProvider(provider, ['providers', index], { isWritten, now })),
    ...doubled(
      providers.map((provider, index) => [provider?.name, ['providers', index, 'name']]),
      'another provider has this name',
    ),
    ...checkBreakGlass(draft),
    ...checkPresence(draft),
  ]
}

/** A gateway without any tenant is a mistake, unless they come in files of their own. */
function checkPresence({ tenants, tenantFiles }: SettingsDraft): readonly Finding[] {
  if (tenants === undefined || tenants.length > 0 || tenantFiles !== undefined) return []
  return [{ path: ['tenants'], found: null, message: 'there is no tenant: name one here, or set `tenantFiles`' }]
}

function checkServer({ server }: SettingsDraft, now: number): readonly Finding[] {
  const { listen, management, tls } = server ?? {}
  const findings: Finding[] = []
  if (isSameAddress(listen, management)) {
    const message = 'this is the address of `listen`: the management listener needs its own'
    findings.push({ path: ['server', 'management'], message })
  }
  if (isSameAddress(tls?.redirectFrom, listen) || isSameAddress(tls?.redirectFrom, management)) {
    findings.push({
      path: ['server', 'tls', 'redirectFrom'],
      message: 'something else listens at this address already',
    })
  }
  if (tls?.cert !== undefined && tls.key !== undefined) {
    for (const message of certificateProblems(tls.cert, tls.key as Secret, now)) {
      findings.push({ path: ['server', 'tls', 'cert'], message })
    }
  }
  return findings
}

type AddressDraft = Salvaged<Address>

function isSameAddress(a: AddressDraft, b: AddressDraft): boolean {
  return a?.port !== undefined && a.port !== 0 && a.port === b?.port && a.host === b.host
}

function checkSession({ session }: SettingsDraft): readonly Finding[] {
  const { lifetime, idle } = session ?? {}
  if (lifetime === undefined || idle === undefined || idle <= lifetime) return []
  const message = `idle (${writeDuration(idle)}) is longer than lifetime (${writeDuration(lifetime)}), and so would have no effect`
  return [{ path: ['session', 'idle'], message }]
}
