/** Sessions in a file of one machine, on Node’s SQLite: they outlive a restart, an upgrade and a power cut. */
import { createFileChanges } from './file-changes.ts'
import type { Holder, TimedRecord } from './file-messages.ts'
import { type Hold, holdPlace, judgeVisit } from './file-place.ts'
import { createThreads } from './file-threads.ts'
import { createTouches } from './file-touches.ts'
import { oncePerMinute } from './once-per-minute.ts'
import type { Log, SessionStore, StoredRecord } from './store.ts'

export interface FileStoreParts {
  readonly path: string
  readonly maxSessions: number
  /** Seconds since 1970. */
  readonly clock: () => number
  readonly log: Log
  /** `visitor`: beside the gateway that keeps its sessions there, as `sallyport sessions` does. */
  readonly role?: 'keeper' | 'visitor'
  /** As if the disk ended after so many pages. */
  readonly maxPages?: number
}

const touchMilliseconds = 1_000
const sweepMilliseconds = 60_000

/**
 * Opens the file in the background, as other stores do. Whatever changes is on the disk before it is answered, but for
 * signs of life: those follow within a second or so.
 * @throws Error with a sentence for the operator, where the place cannot be used: it is another gateway’s, or not safe.
 */
export function createFileStore(parts: FileStoreParts): SessionStore {
  const { path, maxSessions, clock, log, role = 'keeper', maxPages = null } = parts
  const hold: Hold | null = role === 'keeper' ? holdPlace(path) : null
  if (hold === null) judgeVisit(path)
  const touches = createTouches()
  const quietly = oncePerMinute(clock)
  let displacedSince = 0
  let setAside: string | null = null
  const changes = createFileChanges(() => threads)
  const threads = createThreads({
    settings: { role, path, maxSessions, maxPages },
    log,
    onOpened(found) {
      setAside = found?.to ?? setAside
      changes.begin()
    },
  })
  const { read } = threads
  const flush = () => touches.flush((all) => threads.write('touch', all))
  /** Signs of life are never overtaken. */
  const write: typeof threads.write = (name, ...args) => {
    void flush()
    return threads.write(name, ...args)
  }

  async function sweep(): Promise<void> {
    while (await write('sweep', clock(), changes.heard()));
  }
  const flushing = setInterval(() => void flush(), touchMilliseconds).unref()
  // The keeper's alone: what a visitor has heard of, the gateway may not have heard yet.
  const sweeping = hold === null ? undefined : setInterval(() => sweep().catch(() => {}), sweepMilliseconds).unref()

  /** Asks for something of a session, and takes into account what has not been written of it yet. */
  async function living<Found>(
    key: string,
    ask: () => Promise<Found | null>,
    endOf: (found: Found) => number,
  ): Promise<{ readonly found: Found; readonly left: number } | null> {
    const before = touches.of(key)
    const found = await ask()
    if (found === null) return null
    const left = (touches.of(key) ?? before ?? endOf(found)) - clock()
    return left > 0 ? { found, left } : null
  }

  const lifeOf = (key: string) => living(key, () => read('expiresAt', key), Number)

  async function record(name: 'read' | 'readTokens' | 'readStub', key: string): Promise<StoredRecord | null> {
    const alive = await living<TimedRecord>(
      key,
      () => read(name, key),
      ({ expiresAt }) => expiresAt,
    )
    return alive === null ? null : { version: alive.found.version, value: alive.found.value }
  }

  function displaced(keys: readonly string[]): void {
    for (const key of keys) changes.tell({ what: 'ended', key })
    displacedSince += keys.length
    if (keys.length === 0) return
    quietly('full', () => {
      log.warn('session_store_full', { maxSessions, evicted: displacedSince })
      displacedSince = 0
    })
  }

  let closing: Promise<void> | null = null
  async function end(): Promise<void> {
    for (const timer of [flushing, sweeping]) clearInterval(timer)
    await flush()
    changes.stop()
    await threads.close()
    hold?.release()
  }

  const holder = (owner: string, ttlSeconds: number): Holder => ({ owner, until: clock() + ttlSeconds })

  return {
    async create(key, records) {
      const answer = await write('create', key, records, clock())
      displaced(answer.displaced)
      return answer.created
    },
    read: (key) => record('read', key),
    readTokens: (key) => record('readTokens', key),
    readStub: (key) => record('readStub', key),
    async update(key, change) {
      const answer = await write('update', key, change, clock())
      if (answer === 'updated') changes.tell({ what: 'updated', key })
      return answer
    },
    async extend(key, ttlSeconds) {
      if ((await lifeOf(key)) === null) return false
      touches.add(key, clock() + ttlSeconds)
      return true
    },
    remaining: async (key) => (await lifeOf(key))?.left ?? null,
    async end(key) {
      touches.forget(key)
      await write('end', key, role === 'visitor')
      changes.tell({ what: 'ended', key })
    },
    async *walk(name) {
      for (let after: number | null = 0; after !== null; ) {
        const page: { readonly keys: readonly string[]; readonly next: number | null } = await read('walk', name, after)
        yield page.keys
        after = page.next
      }
    },
    endBefore: (name, at, remembered) => write('endBefore', name, at, remembered),
    endedBefore: (names) => read('endedBefore', names),
    endings: async () => new Map(await read('endings')),
    markOnce: (key, ttlSeconds) => write('markOnce', key, clock() + ttlSeconds, clock()),
    lease: (key, owner, ttlSeconds) => write('lease', key, holder(owner, ttlSeconds), clock()),
    release: (key, owner, next) =>
      write('release', key, owner, next === null ? null : holder(next.owner, next.ttlSeconds)),
    keep: (key, value, ttlSeconds) => write('keep', key, value, clock() + ttlSeconds),
    async look(key) {
      const kept = await read('look', key)
      return kept !== null && kept.expiresAt > clock() ? kept.value : null
    },
    take: (key) => write('take', key, clock()),
    changes,
    ready: () => (threads.state().reads === true ? 'ready' : 'down'),
    trouble() {
      if (threads.state().writes === false) return { says: 'nothing can be written', isOver: false }
      return setAside === null ? null : { says: `set aside: ${setAside}`, isOver: true }
    },
    close() {
      closing ??= end()
      return closing
    },
  }
}
