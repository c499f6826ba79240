/** Rules about what people must have proved, and about where providers send them back. */
import type { IsWritten } from './check-provider.ts'
import type { Finding, Path } from './issues.ts'
import { unknownName } from './names.ts'
import { type ProviderDraft, providersOf } from './provider-draft.ts'
import type { TenantDraft } from './salvage.ts'

type RouteDraft = NonNullable<NonNullable<TenantDraft['routes']>[number]>

/** A context that nobody can prove, or that is asked of nobody, would close a route for ever, or not at all. */
export function checkStepUp(
  tenant: TenantDraft,
  shared: readonly ProviderDraft[],
  isWritten: IsWritten,
): readonly Finding[] {
  const providers = providersOf(tenant, shared)
  return (tenant.routes ?? []).flatMap((route, index) => {
    if (route === undefined) return []
    const path: Path = ['routes', index]
    return [
      ...checkAccess(route, path),
      ...checkContext(route, path, providers),
      ...(isWritten([...path, 'authContextAge']) && !isWritten([...path, 'authContext'])
        ? [noEffect([...path, 'authContextAge'], 'without `authContext` this has no effect')]
        : []),
      ...checkCallback(route, path, tenant.callbackPath),
    ]
  })
}

function checkAccess({ access, authContext, maxAge }: RouteDraft, path: Path): readonly Finding[] {
  if (access !== 'public' && access !== 'optional') return []
  const asked = [...(authContext === undefined ? [] : ['authContext']), ...(maxAge === undefined ? [] : ['maxAge'])]
  const message = `with \`access: ${access}\` whoever is not signed in passes: this could not be asked of anybody`
  return asked.map((key) => noEffect([...path, key], message))
}

function checkContext(
  { authContext }: RouteDraft,
  path: Path,
  providers: readonly ProviderDraft[],
): readonly Finding[] {
  return providers.flatMap(({ name, contexts, enabled }) => {
    if (contexts === undefined || enabled === false) return []
    const message = `the provider ${name ?? ''} has no authentication context of this name: its \`authContexts\` must say what it calls it`
    const at = [...path, 'authContext']
    if (contexts.length > 0) return unknownName(authContext, contexts, at, message)
    return authContext === undefined ? [] : [{ path: at, message }]
  })
}

/** At this very path, GET is the gateway's: a route would seem to be there. */
function checkCallback({ path, methods }: RouteDraft, at: Path, callbackPath: string | undefined): readonly Finding[] {
  if (path?.path === undefined || callbackPath === undefined) return []
  const takesGet = methods === undefined || methods.includes('GET') || methods.includes('HEAD')
  const same = path.path === callbackPath.replace(/\/$/, '')
  return same && takesGet
    ? [{ path: [...at, 'path'], message: 'this is `callbackPath`, where people come back from signing in' }]
    : []
}

function noEffect(path: Path, message: string): Finding {
  return { path, at: 'key', found: null, message }
}
