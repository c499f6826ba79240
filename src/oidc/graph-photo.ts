/** The picture of a person in Microsoft Graph. Decoration: whatever goes wrong, there is just none. */
import type { CustomFetch } from 'openid-client'
import type { GraphToken } from './graph-call.ts'

/** Length of a side in pixels. A smaller picture may come. */
export type PhotoSize = 48 | 96 | 240

export interface Photo {
  readonly type: 'image/jpeg' | 'image/png'
  readonly bytes: Uint8Array
}

/** Far more than a picture of the largest size has. */
const mostBytes = 262_144
const patience = 5_000

/**
 * https://learn.microsoft.com/graph/api/profilephoto-get, with `User.Read`.
 * @param ask the way out.
 * @returns null where there is none, where Graph does not answer, and for what is no JPEG or PNG of a bearable size.
 */
export async function readPhoto(
  ask: CustomFetch,
  { access, accessToken }: GraphToken,
  size: PhotoSize,
): Promise<Photo | null> {
  try {
    const answer = await ask(`${access.base}/me/photos/${size}x${size}/$value`, {
      method: 'GET',
      headers: { Accept: 'image/jpeg, image/png', Authorization: `Bearer ${accessToken}` },
      body: null,
      redirect: 'manual',
      signal: AbortSignal.timeout(patience),
    })
    const bytes = answer.status === 200 && answer.body !== null ? await atMost(mostBytes, answer.body) : null
    if (answer.status !== 200) await answer.body?.cancel()
    return bytes === null ? null : pictureOf(answer.headers.get('content-type'), bytes)
  } catch {
    return null
  }
}

/** Null where there is more; the rest is then not waited for. */
async function atMost(most: number, body: ReadableStream<Uint8Array>): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > most) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** What is said and what it is must agree: a browser may look for itself. */
function pictureOf(contentType: string | null, bytes: Uint8Array): Photo | null {
  const type = contentType?.split(';')[0]?.trim().toLowerCase()
  if (type === 'image/jpeg' && startsWith(bytes, [0xff, 0xd8, 0xff])) return { type, bytes }
  if (type === 'image/png' && startsWith(bytes, [0x89, 0x50, 0x4e, 0x47])) return { type, bytes }
  return null
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, place) => bytes[place] === byte)
}
