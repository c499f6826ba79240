/** What to write instead, where somebody pasted an address of Microsoft's into a setting that takes a part of it. */
import { isDirectory, isSignInHost, ownOriginOf, type Pasted, readPasted, urlOf } from './pasted.ts'
import type { Reading } from './values.ts'

type Setting = 'tenantId' | 'authority' | 'issuer'

/**
 * A reader of a setting that knows what was pasted into it.
 * @param read reads everything else. It is asked second, since an issuer of Entra's has a right form.
 */
export function unlessPasted<T>(setting: Setting, read: (text: string) => Reading<T>): (text: string) => Reading<T> {
  return (text) => {
    const problem = problemWith[setting](text)
    return problem === null ? read(text) : { problem }
  }
}

/** The keys of a provider that say what was pasted, as they are written. */
export function keysOf({ tenantId, cloud, authority, clientId }: Pasted): string {
  const keys = [
    `tenantId: ${tenantId}`,
    ...(cloud === 'global' ? [] : [`cloud: ${cloud}`]),
    ...(authority === null ? [] : [`authority: ${authority}`]),
    ...(clientId === null ? [] : [`clientId: ${clientId}`]),
  ].map((key) => `\`${key}\``)
  return keys.length === 1 ? keys.join() : `${keys.slice(0, -1).join(', ')} and ${keys.at(-1)}`
}

const problemWith: Readonly<Record<Setting, (text: string) => string | null>> = {
  tenantId(text) {
    if (isDirectory(text)) return null
    const found = readPasted(text)
    if ('value' in found) return `this is more than the id of a directory: write ${keysOf(found.value)}`
    return urlOf(text) === null ? null : found.problem
  },

  authority(text) {
    const url = microsoftIn(text)
    if (url === null) return null
    const own = ownOriginOf(url.hostname)
    if (own !== null && url.pathname === '/') return own === url.origin ? null : otherName(own)
    const found = readPasted(text)
    if ('problem' in found) return found.problem
    const { authority } = found.value
    if (authority === null)
      return `this is more than the origin: in place of \`authority\`, write ${keysOf(found.value)}`
    return authority === url.origin && url.pathname === '/' ? null : `write ${keysOf(found.value)}`
  },

  issuer(text) {
    if (microsoftIn(text) === null) return null
    const found = readPasted(text)
    if ('problem' in found) return found.problem
    return `this is Microsoft Entra: in place of \`kind: oidc\` and \`issuer\`, write ${keysOf(found.value)}`
  },
}

function microsoftIn(text: string): URL | null {
  const url = urlOf(text)
  return url !== null && isSignInHost(url.hostname) ? url : null
}

function otherName(own: string): string {
  return `the sign-in service calls itself ${own}, and nothing else would be believed: write that`
}
