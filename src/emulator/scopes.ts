/** Which scopes may be asked for: those of OpenID Connect, and permissions of Graph with or without its prefix. */

const openid: readonly string[] = ['openid', 'profile', 'email', 'offline_access']
export const graphPrefix = 'https://graph.microsoft.com/'
const permissions: readonly string[] = [
  'User.Read',
  'User.Read.All',
  'User.RevokeSessions.All',
  'Group.Read.All',
  'GroupMember.Read.All',
  'Directory.Read.All',
  '.default',
]

export type Scopes = { readonly scopes: readonly string[] } | { readonly code: number; readonly detail: string }

/** Reads the `scope` parameter: unknown names give 650053 (`groups` is such a one), foreign resources 500011, an unreadable text 70011. */
export function readScopes(text: string): Scopes {
  const scopes = text.split(' ').filter((scope) => scope !== '')
  if (scopes.length === 0 || !/^[\x21-\x7e ]+$/.test(text)) return { code: 70011, detail: text }
  for (const scope of scopes) {
    if (openid.includes(scope)) continue
    const name = scope.startsWith(graphPrefix) ? scope.slice(graphPrefix.length) : scope
    if (/^[a-z]+:\/\//i.test(name)) return { code: 500011, detail: name }
    const known = permissions.find((permission) => permission.toLowerCase() === name.toLowerCase())
    if (known === undefined || (known === '.default' && name === scope)) return { code: 650053, detail: scope }
  }
  return { scopes }
}

/** The `scope` of a token answer: permissions with the prefix of Graph, and without `offline_access`. */
export function grantedScope(scopes: readonly string[]): string {
  return scopes
    .filter((scope) => scope !== 'offline_access')
    .map((scope) => (openid.includes(scope) || scope.startsWith(graphPrefix) ? scope : graphPrefix + scope))
    .join(' ')
}

/** The permissions that a token of these scopes carries, in lower case; `.default` stands for what is usually consented to. */
export function permissionsOf(scopes: readonly string[]): readonly string[] {
  const names = scopes.map((scope) =>
    (scope.startsWith(graphPrefix) ? scope.slice(graphPrefix.length) : scope).toLowerCase(),
  )
  return names.includes('.default') ? [...names, 'user.read', 'groupmember.read.all'] : names
}
