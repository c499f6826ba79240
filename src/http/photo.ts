/**
 * `/.auth/me/photo`: a picture of the person who is signed in, for pages of the application itself, and for nobody
 * else's.
 */
import { createHash } from 'node:crypto'
import type { Answer } from '../core/answer/answer.ts'
import { initialsOf } from '../core/identity/initials.ts'
import type { Session } from '../core/identity/session.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import { type PhotoSize, type Photos, photoSizes } from '../oidc/graph-photo.ts'
import { initialsPicture } from '../pages/initials-picture.ts'
import { always } from './answers.ts'
import { personOf } from './outcome-page.ts'
import type { Pictures } from './pictures.ts'
import { onceEach } from './query.ts'
import type { Refuse } from './refusals.ts'
import type { Walk } from './walk.ts'

/**
 * The photo that Graph has, else the initials; with `size`, as near to that as there is. Refusals are data, also in a
 * window.
 */
export type PhotoEndpoint = (walk: Walk, query: string) => Promise<Answer>

export interface PhotoParts {
  readonly refuse: Refuse
  readonly pictures: Pictures
}

export function createPhoto({ refuse, pictures }: PhotoParts): PhotoEndpoint {
  return async function photo(walk, query) {
    const { tenant, facts, session } = walk
    const asData = { ...walk, facts: { ...facts, kind: 'data' } } as const
    if (isFromElsewhere(facts, tenant.publicUrl.origin)) return refuse(asData, 'cross_site_refused')
    if (session === null) return refuse(asData, 'login_required')
    const size = readSize(query)
    if (size === null) return refuse(asData, 'request_malformed')
    const picture = nearest(await pictures.of(tenant, session), size) ?? initials(session, size)
    return answerWith(picture, facts.headers['if-none-match'])
  }
}

/**
 * Whether a page of another origin has the browser ask, also one beside ours: from an answer, or from its size alone,
 * it would learn who is here.
 */
function isFromElsewhere({ headers }: RequestFacts, own: string): boolean {
  const site = headers['sec-fetch-site']
  if (site === undefined) return headers.origin !== undefined && headers.origin !== own
  return site !== 'same-origin' && site !== 'none'
}

const usualSize = 96

function readSize(query: string): PhotoSize | null {
  const asked = onceEach(query, ['size'])
  if (asked === null) return null
  return asked.size === undefined ? usualSize : (photoSizes.find((size) => String(size) === asked.size) ?? null)
}

interface Picture {
  readonly type: string
  readonly bytes: Uint8Array
}

/** What has to be made smaller looks better than what has to be made larger. */
function nearest(photos: Photos, size: PhotoSize): Picture | null {
  const larger = photoSizes.filter((each) => each >= size)
  const smaller = photoSizes.filter((each) => each < size).reverse()
  const found = [...larger, ...smaller].find((each) => photos.has(each))
  return found === undefined ? null : (photos.get(found) ?? null)
}

function initials(session: Session, size: PhotoSize): Picture {
  const { name, username } = personOf(session)
  const { directoryId, objectId } = session.facts
  const drawing = initialsPicture(initialsOf(name === '' ? username : name, `${directoryId} ${objectId}`), size)
  return { type: 'image/svg+xml', bytes: Buffer.from(drawing) }
}

/**
 * A browser asks each time whether it may show what it has: the next person at it may be another. Neither a drawing nor
 * a photo can run or load anything, opened by itself too, nor stand on a page of another origin.
 */
const headers = {
  ...always,
  'Cache-Control': 'private, max-age=0, must-revalidate',
  Vary: 'Cookie',
  'Content-Security-Policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const

function answerWith({ type, bytes }: Picture, ifNoneMatch: RequestFacts['headers'][string]): Answer {
  const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
  if (names(ifNoneMatch, tag)) return { status: 304, headers: { ...headers, ETag: tag }, body: '' }
  return { status: 200, headers: { ...headers, ETag: tag, 'Content-Type': type }, body: bytes }
}

/** RFC 9110 section 13.1.2; compared weakly, since what stands between may have packed it. */
function names(ifNoneMatch: RequestFacts['headers'][string], tag: string): boolean {
  if (typeof ifNoneMatch !== 'string') return false
  return ifNoneMatch.split(',').some((each) => ['*', tag].includes(each.trim().replace(/^W\//, '')))
}
