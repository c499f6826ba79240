/** Rules about what a tenant needs of Microsoft Graph: who could be asked, and whether the token is for it. */
import type { TemplatePart } from '../core/gateway.ts'
import { isDirectoryId } from '../core/identity/authority.ts'
import { areForGraph } from './entra-scopes.ts'
import type { Finding, Path } from './issues.ts'
import type { ProviderDraft } from './provider-draft.ts'
import type { TenantDraft } from './salvage.ts'

/** @param providers all of the tenant, in order. */
export function checkGraph(tenant: TenantDraft, providers: readonly ProviderDraft[]): readonly Finding[] {
  const values = graphValues(tenant)
  const isNowhere = providers.length > 0 && providers.every(({ kind }) => kind === 'oidc')
  return [
    ...(isNowhere && tenant.photo
      ? [{ path: ['photo'], message: 'only Microsoft Entra has Microsoft Graph beside it, where photos are' }]
      : []),
    ...(isNowhere ? values : []).map((path) => ({
      path,
      message: 'only Microsoft Entra has Microsoft Graph beside it: use a claim, as {claim.NAME}',
    })),
    ...providers.flatMap((provider, place) => {
      if (provider.kind !== 'entra' || areForGraph(provider.scopes)) return []
      const why = needOf(tenant, provider, values)
      const message = `its \`scopes\` are of another resource, and a token is for one: here it must be for Microsoft Graph, since ${why}`
      return why === null ? [] : [{ path: ['providers', place], message }]
    }),
  ]
}

const overage = 'roles name groups, which Entra leaves out where there are many (`overage: refuse` does without)'

function needOf(tenant: TenantDraft, provider: ProviderDraft, values: readonly Path[]): string | null {
  if (values.length > 0) return 'headers send `{graph.…}`'
  if (tenant.photo) return 'photos are asked for (`photo`)'
  return asksForGroups(tenant, provider) ? overage : null
}

function asksForGroups({ roles = [] }: TenantDraft, { overage, groupNames }: ProviderDraft): boolean {
  const named = roles.flatMap((role) => [...(role?.groups ?? []), ...(role?.appRoles ?? [])])
  const hasIds = named.some((each) => each !== undefined && isDirectoryId(each.toLowerCase()))
  return hasIds && overage === 'graph' && groupNames === 'ids'
}

/** Where a template asks Graph. */
function graphValues({ headers, routes = [] }: TenantDraft): readonly Path[] {
  return [
    ...inHeaders(headers, ['headers']),
    ...routes.flatMap((route, place) => inHeaders(route?.headers, ['routes', place, 'headers'])),
  ]
}

function inHeaders(headers: TenantDraft['headers'], path: Path): readonly Path[] {
  const { user, set = {} } = headers ?? {}
  const templates: readonly (readonly [unknown, Path])[] = [
    [user, [...path, 'user']],
    ...Object.entries(set).map(([name, template]) => [template, [...path, 'set', name]] as const),
  ]
  return templates.flatMap(([template, at]) => (asksGraph(template) ? [at] : []))
}

function asksGraph(template: unknown): boolean {
  return Array.isArray(template) && (template as readonly TemplatePart[]).some((part) => 'graph' in part)
}
