/** Further scopes at Microsoft Entra: how each is written, and which of them can stand together. */
import { graphs } from './compile-provider.ts'
import type { Finding, Path } from './issues.ts'
import type { Salvaged } from './salvage.ts'
import type { Reading } from './values.ts'

/** Hosts of Microsoft Graph, whose permissions need no prefix in the global cloud. */
const graphHosts: ReadonlySet<string> = new Set(Object.values(graphs).map((origin) => new URL(origin).host))

/** A permission of Graph (`Mail.Read`), or of another resource (`api://…/access`, `https://…/.default`). */
export function readEntraScope(text: string): Reading<string> {
  if (['openid', 'profile', 'email'].includes(text)) return { problem: 'this is asked for always' }
  if (text === 'offline_access') return { problem: 'the gateway asks for this itself where it uses it' }
  if (text === 'groups') {
    return {
      problem:
        'Microsoft Entra has no such scope and refuses the sign-in (AADSTS650053): which groups a token has is said in the app registration, under Token configuration',
    }
  }
  if (text === '.default') return { problem: 'the resource is missing: https://graph.microsoft.com/.default' }
  return /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/.test(text) ? { value: text } : { problem: 'this is not a scope' }
}

/** Whether a token of these scopes is for Graph; none are none of another resource. */
export function areForGraph(scopes: Salvaged<readonly string[]>): boolean {
  return (scopes ?? []).every((scope) => scope === undefined || resourceOf(scope) === graph)
}

/** A token is for one resource, and `.default` stands for all of its permissions (AADSTS70011). */
export function checkScopes(scopes: Salvaged<readonly string[]>, path: Path): readonly Finding[] {
  const known = (scopes ?? []).flatMap((scope, index) => (scope === undefined ? [] : [{ scope, index }]))
  const [first] = known
  return known.slice(1).flatMap(({ scope, index }) => {
    const at = [...path, index]
    if (first !== undefined && resourceOf(scope) !== resourceOf(first.scope)) {
      return [{ path: at, message: 'this is of another resource than the first: a token is for one (AADSTS70011)' }]
    }
    const isMixed = known.some((each) => each.scope.endsWith('/.default'))
    return isMixed ? [{ path: at, message: '`.default` cannot stand beside other scopes (AADSTS70011)' }] : []
  })
}

const graph = 'Microsoft Graph'

function resourceOf(scope: string): string {
  const resource = scope.slice(0, Math.max(0, scope.lastIndexOf('/')))
  const host = /^https:\/\/([^/]+)\/?$/.exec(resource)?.[1]
  return resource === '' || (host !== undefined && graphHosts.has(host.toLowerCase())) ? graph : resource
}
