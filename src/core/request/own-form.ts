/**
 * Forms that a person sends from a page of the application itself: what they typed is worth keeping through a sign-in.
 * Whatever another site may have sent is not among them, or it would be sent once more with the session that the
 * sign-in makes (T127).
 */
import type { Tenant } from '../gateway.ts'
import type { RequestFacts } from './facts.ts'

type Asked = Pick<RequestFacts, 'method' | 'kind' | 'headers'>

/**
 * Whether a page of this very origin has sent the form, in a window: no script, no frame, no other site, not even a
 * sibling. By Fetch Metadata, which no page can write (https://www.w3.org/TR/fetch-metadata/); a browser without it
 * says so by Origin. Beside Fetch Metadata, Origin is `null` where the page wants no referrer.
 */
export function isOwnForm({ method, kind, headers }: Asked, { publicUrl }: Pick<Tenant, 'publicUrl'>): boolean {
  if (method !== 'POST' || kind !== 'navigation' || !formTypes.has(mediaType(headers['content-type']))) return false
  const { origin, 'sec-fetch-site': site } = headers
  if (site === undefined) return origin === publicUrl.origin
  return site === 'same-origin' && (origin === undefined || origin === 'null' || origin === publicUrl.origin)
}

/** Why a form is not kept, for the log. */
export type Unkept = 'off' | 'encoding' | 'address' | 'too-large' | 'full' | 'store-down' | 'broken-off'

/**
 * What speaks against keeping a form before a byte of it is read; null: nothing.
 * @param target as it came. What a browser would not send again in the same letters is not kept.
 */
export function unkeptForm(facts: Pick<RequestFacts, 'target' | 'headers'>, tenant: Tenant): Unkept | null {
  const { headers, target } = facts
  if (tenant.keptFormBytes === 0) return 'off'
  // Browsers never encode a form; and what cannot be looked into need not be carried.
  if (headers['content-encoding'] !== undefined) return 'encoding'
  if (Number(headers['content-length'] ?? 0) > tenant.keptFormBytes) return 'too-large'
  return isSentAlike(target, tenant) ? null : 'address'
}

/** What forms can be (https://html.spec.whatwg.org/#attr-fs-enctype). */
const formTypes: ReadonlySet<string> = new Set([
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'text/plain',
])

/** Boundaries have at most 70 characters (RFC 2046 section 5.1.1). */
const longestType = 300

function mediaType(value: RequestFacts['headers'][string]): string {
  return typeof value !== 'string' || value.length > longestType
    ? ''
    : (value.split(';', 1)[0] ?? '').trim().toLowerCase()
}

function isSentAlike(target: string, { publicUrl }: Tenant): boolean {
  if (!/^\/[\x21-\x7e]*$/.test(target) || !URL.canParse(publicUrl.origin + target)) return false
  const { origin, pathname, search } = new URL(publicUrl.origin + target)
  return origin === publicUrl.origin && pathname + search === target
}

/** The page that the form stood on, for applications that look at it; null where it is none of this origin. */
export function formPage({ headers }: Pick<RequestFacts, 'headers'>, { publicUrl }: Tenant): string | null {
  const { referer } = headers
  const isOwn = typeof referer === 'string' && `${referer}/`.startsWith(`${publicUrl.origin}/`)
  return isOwn && referer.length <= longestReferer ? referer : null
}

const longestReferer = 4_096

/** The name of the one field that stands for a kept form, and how long the whole body is that has it. */
const field = 'sallyport-form='
const secretLength = 22
export const placeholderLength = field.length + secretLength + 1 + secretLength

/** What is sent in place of a kept form: its id, and the proof that our page has asked. */
export interface Placeholder {
  readonly id: string
  readonly proof: string
}

/** @returns name and value of the field. */
export function placeholderField({ id, proof }: Placeholder): readonly [name: string, value: string] {
  return [field.slice(0, -1), `${id}.${proof}`]
}

/**
 * Whether a request may stand for a kept form, by what costs nothing to look at: only then its few bytes are read
 * before it is decided on.
 */
export function mayBePlaceholder(facts: Asked, tenant: Tenant, hasFormCookie: boolean): boolean {
  const { 'content-length': length, 'content-type': type, 'content-encoding': encoding } = facts.headers
  if (!hasFormCookie || length !== String(placeholderLength) || encoding !== undefined) return false
  return mediaType(type) === 'application/x-www-form-urlencoded' && isOwnForm(facts, tenant)
}

/** @returns null for any other body. */
export function readPlaceholder(body: string): Placeholder | null {
  const [, id, proof] = /^sallyport-form=([\w-]{22})\.([\w-]{22})$/.exec(body) ?? []
  return id === undefined || proof === undefined ? null : { id, proof }
}
