/** How a record is made small before it is sealed. */
import { deflateRawSync, inflateRawSync, type ZlibOptions } from 'node:zlib'

/** A record is refused beyond this size, so that one opened value can never fill the memory. */
const maxRecordBytes = 256 * 1024

/**
 * What the records of nearly all sessions say alike, so that it takes no room in any (RFC 1951, with a dictionary in
 * front). Records are opened with the one they were packed with, so not a letter of it may change.
 */
const words = Buffer.from(
  '["],"directoryRoles":[],"graph":{},"sid":null,"authTime":null,"contexts":{},"startedAt":17,"checkedAt":17,"bond":"' +
    '{"tenant":"","provider":"","directoryId":"","objectId":"","authority":"https://login.microsoftonline.com/",' +
    '"registration":"https://login.microsoftonline.com ","claims":{"name":"","preferred_username":"","sub":"",' +
    '"groups":["-4","-4","appRoles":["{"loginHint":"","refreshToken":"',
)

/** Small, because thousands of idle sessions are held; nothing a stranger chooses shares a record with a secret. */
export function pack(text: string): Buffer {
  return deflateRawSync(Buffer.from(text, 'utf8'), { dictionary: words })
}

/** @returns null where it does not unpack, or to more than a record may be. */
export function unpack(packed: Buffer): string | null {
  return inflated(packed, { dictionary: words })
}

/** What earlier versions packed, without words in common. */
export function unpackPlain(packed: Buffer): string | null {
  return inflated(packed, {})
}

function inflated(packed: Buffer, options: ZlibOptions): string | null {
  try {
    return inflateRawSync(packed, { ...options, maxOutputLength: maxRecordBytes }).toString('utf8')
  } catch {
    return null
  }
}
