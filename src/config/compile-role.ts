/** From a checked role to the rule by which people have it. */
import type { Provider, RoleRule } from '../core/gateway.ts'
import { isDirectoryId, personalDirectory } from '../core/identity/authority.ts'
import { readPerson } from './person.ts'
import type { RoleDocument } from './schema-role.ts'

/**
 * @param providers those of the tenant that are enabled; where people are named by an object id alone, there is one.
 */
export function compileRole(role: RoleDocument, providers: readonly Provider[]): RoleRule {
  const { name, groups, appRoles, directoryRoles, people, claims } = role
  const hasEntra = providers.some(({ kind }) => kind === 'entra')
  return {
    ...{ name, appRoles, directoryRoles },
    groups: hasEntra ? groups.map(inLowerCaseIfId) : groups,
    people: people.map((person) => {
      const { directoryId, objectId } = readPerson(person)
      if (directoryId !== null) return { directoryId, objectId }
      // The subject of another provider is kept as it is: to that one, letter case may count.
      return { directoryId: onlyDirectory(providers), objectId: hasEntra ? inLowerCaseIfId(objectId) : objectId }
    }),
    claims: Object.entries(claims).map(([claim, values]) => ({ claim, anyOf: [values].flat() })),
  }
}

/** Null for a domain, which stands for one directory, but whose id only the sign-in service knows. */
function onlyDirectory([provider]: readonly Provider[]): string | null {
  if (provider === undefined) return null
  if (provider.kind === 'oidc') return provider.issuer
  if (isDirectoryId(provider.tenantId)) return provider.tenantId
  return provider.tenantId === 'consumers' ? personalDirectory : (provider.allowedTenantIds?.[0] ?? null)
}

/** Object ids of Entra compare without case; names of other providers do not. */
function inLowerCaseIfId(text: string): string {
  const lower = text.toLowerCase()
  return isDirectoryId(lower) ? lower : text
}
