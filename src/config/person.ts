/**
 * How a configuration names one person: by an object id, where several directories can answer with that of the
 * directory before it.
 */
import { isDirectoryId } from '../core/identity/authority.ts'
import type { Finding } from './issues.ts'
import type { ProviderDraft } from './provider-draft.ts'

/**
 * `<object id>` or `<directory id>/<object id>`; with an issuer in place of the directory, what follows its last slash
 * is the subject.
 */
export function readPerson(text: string): { readonly directoryId: string | null; readonly objectId: string } {
  const slash = text.lastIndexOf('/')
  const directoryId = text.slice(0, Math.max(0, slash))
  const isLong = isDirectoryId(directoryId.toLowerCase()) || /^https?:\/\//.test(directoryId)
  if (!isLong) return { directoryId: null, objectId: text }
  const objectId = text.slice(slash + 1)
  if (!isDirectoryId(directoryId.toLowerCase())) return { directoryId, objectId }
  return { directoryId: directoryId.toLowerCase(), objectId: objectId.toLowerCase() }
}

/** @param providers all of the tenant. @returns null where nothing is wrong, or not enough is known to say so. */
export function personProblem(
  text: string,
  providers: readonly ProviderDraft[],
): Pick<Finding, 'message' | 'allowed'> | null {
  const { directoryId, objectId } = readPerson(text)
  if (providers.length === 0 || providers.some(({ kind }) => kind === undefined)) return null
  const isId = isDirectoryId(objectId.toLowerCase())
  if (directoryId === null) {
    const [first, ...others] = providers
    const isOne = others.length === 0 && (first?.directories === undefined || first.directories.length === 1)
    if (!isOne) return { message: 'people of several directories can come: say of which this one is', allowed: long }
    return isId || first?.kind === 'oidc' ? null : { message: 'this is not an object ID', allowed: short }
  }
  if (isDirectoryId(directoryId) && !isId) return { message: 'this is not an object ID', allowed: long }
  const known = providers.map(({ directories }) => directories)
  if (known.includes(undefined) || known.some((each) => each?.includes(directoryId))) return null
  return { message: 'no provider of this tenant lets people of this directory in' }
}

const short = 'the object ID of a person, a GUID such as cccccccc-1111-2222-3333-444444444444'
const long = '<directory id>/<object id>, two GUIDs'
