/**
 * The pictures of people that this replica remembers, so that others are not asked each time. Bounded in bytes; it only
 * holds.
 */
import { LRUCache } from 'lru-cache'

export interface PictureCache<Pictures> {
  /** Undefined where nothing is known, or what was known is too old. */
  find(key: string): Pictures | undefined
  /** @param bytes how much memory they take. @param seconds how long they count. */
  keep(key: string, pictures: Pictures, { bytes, seconds }: { readonly bytes: number; readonly seconds: number }): void
}

/** What an entry takes beside its pictures, also one that says that there are none. */
const overhead = 512

/**
 * @param most bytes of all together; those that nobody has asked for the longest make room.
 * @param clock seconds since 1970.
 */
export function createPictureCache<Pictures>(most: number, clock: () => number): PictureCache<Pictures> {
  const entries = new LRUCache<string, { readonly pictures: Pictures; readonly until: number }>({ maxSize: most })
  return {
    find(key) {
      const entry = entries.get(key)
      return entry === undefined || clock() >= entry.until ? undefined : entry.pictures
    },
    keep(key, pictures, { bytes, seconds }) {
      entries.set(key, { pictures, until: clock() + seconds }, { size: bytes + overhead })
    },
  }
}
