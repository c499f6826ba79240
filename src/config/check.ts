/** Rules across keys: names that must be known or unique, routes that must not contradict each other, settings without effect. */
import { normaliseHost } from '../core/request/tenant.ts'
import { checkTenant, type IsWritten } from './check-tenant.ts'
import type { Finding } from './issues.ts'
import { doubled } from './names.ts'
import type { Salvaged } from './salvage.ts'
import type { Document } from './schema.ts'
import { writeDuration } from './values.ts'

export type Draft = NonNullable<Salvaged<Document>>

/** Checks what can be relied on; parts that the schema refused are holes and raise nothing more. */
export function check(draft: Draft, isWritten: IsWritten): readonly Finding[] {
  // A hole stands for providers that are missing as a whole: names then raise nothing more.
  const names = (draft.providers ?? [undefined]).map((provider) => provider?.name)
  const tenants = draft.tenants ?? []
  return [
    ...checkServer(draft),
    ...checkSession(draft),
    ...doubled(
      names.map((name, index) => [name, ['providers', index, 'name']]),
      'another provider has this name',
    ),
    ...doubled(
      tenants.map((tenant, index) => [tenant?.name, ['tenants', index, 'name']]),
      'another tenant has this name',
    ),
    ...doubled(
      tenants.map(({ publicUrl } = {}, index) => [
        publicUrl?.host === undefined ? undefined : (normaliseHost(publicUrl.host) ?? publicUrl.host),
        ['tenants', index, 'publicUrl'],
      ]),
      'another tenant has this host: the host alone decides which tenant a request is for',
    ),
    ...tenants.flatMap((tenant, index) =>
      tenant === undefined
        ? []
        : checkTenant(tenant, ['tenants', index], {
            providers: names,
            isWritten,
          }),
    ),
  ]
}

function checkServer({ server }: Draft): readonly Finding[] {
  const { listen, management } = server ?? {}
  if (
    listen?.port === 0 ||
    listen?.port === undefined ||
    listen.port !== management?.port ||
    listen.host !== management.host
  )
    return []
  return [
    {
      path: ['server', 'management'],
      message: 'this is the address of `listen`: the management listener needs its own',
    },
  ]
}

function checkSession({ session }: Draft): readonly Finding[] {
  const { lifetime, idle } = session ?? {}
  if (lifetime === undefined || idle === undefined || idle <= lifetime) return []
  const message = `idle (${writeDuration(idle)}) is longer than lifetime (${writeDuration(lifetime)}), and so would have no effect`
  return [{ path: ['session', 'idle'], message }]
}
