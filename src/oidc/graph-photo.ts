/** The picture of a person in Microsoft Graph, in every size that pages ask for, by one call. */
import type { CustomFetch } from 'openid-client'
import { faultOf, type GraphToken, graphCaller, memberOf } from './graph-call.ts'

/** Length of a side in pixels. A smaller picture may come. */
export const photoSizes = [48, 96, 240] as const
export type PhotoSize = (typeof photoSizes)[number]

export interface Photo {
  readonly type: 'image/jpeg' | 'image/png'
  readonly bytes: Uint8Array
}

/** Empty where the person has none. */
export type Photos = ReadonlyMap<PhotoSize, Photo>

export type AskPhotos = (token: GraphToken) => Promise<Photos>

/** Far more than a picture of the largest size has. */
const mostBytes = 262_144
const patience = 5_000

/**
 * https://learn.microsoft.com/graph/api/profilephoto-get, with `User.Read`, all sizes in one batch. Asked once: nobody
 * needs a picture.
 * @param ask the way out.
 * @returns what Graph has; without what is no JPEG or PNG of a bearable size.
 * @throws Fault `graph_unreachable`, `graph_refused` where nobody knows whether there is one.
 */
export async function readPhotos(ask: CustomFetch, token: GraphToken): Promise<Photos> {
  const graph = graphCaller(ask, token, patience, false)
  const requests = photoSizes.map((size) => ({
    ...{ id: String(size), method: 'GET', url: `/me/photos/${size}x${size}/$value` },
  }))
  const reply = await graph.post('/$batch', { requests })
  const responses: unknown = memberOf(reply.body, 'responses')
  if (reply.status !== 200 || !Array.isArray(responses)) throw faultOf('photos', reply)
  const entries = photoSizes.map((size) => {
    const entry: unknown = responses.find((each: unknown) => memberOf(each, 'id') === String(size))
    return { size, entry, status: statusOf(entry) }
  })
  const photos = new Map<PhotoSize, Photo>()
  for (const { size, entry, status } of entries) {
    const photo = status === 200 ? photoOf(entry) : null
    if (photo !== null) photos.set(size, photo)
  }
  const failed = entries.find(({ status }) => status !== 200 && status !== 404)
  if (photos.size === 0 && failed !== undefined)
    throw faultOf('photos', { ...reply, status: failed.status, body: memberOf(failed.entry, 'body') })
  return photos
}

function statusOf(entry: unknown): number {
  const status = memberOf(entry, 'status')
  return typeof status === 'number' ? status : 500
}

/** Bytes travel in a batch as base64. https://learn.microsoft.com/graph/json-batching */
function photoOf(entry: unknown): Photo | null {
  const body = memberOf(entry, 'body')
  const headers = Object.entries(memberOf(entry, 'headers') ?? {})
  const [, contentType] = headers.find(([name]) => name.toLowerCase() === 'content-type') ?? []
  if (typeof body !== 'string' || typeof contentType !== 'string') return null
  const bytes = Buffer.from(body, 'base64')
  return bytes.byteLength > mostBytes ? null : pictureOf(contentType, bytes)
}

/** What is said and what it is must agree: a browser may look for itself. */
function pictureOf(contentType: string, bytes: Uint8Array): Photo | null {
  const type = contentType.split(';')[0]?.trim().toLowerCase()
  if (type === 'image/jpeg' && startsWith(bytes, [0xff, 0xd8, 0xff])) return { type, bytes }
  if (type === 'image/png' && startsWith(bytes, [0x89, 0x50, 0x4e, 0x47])) return { type, bytes }
  return null
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, place) => bytes[place] === byte)
}
