/**
 * Ends that the store has not heard of, or may have forgotten: told again until it has heard. A store that replicates
 * behind its answer loses what it took in the moment before its master died, and a session that had ended would be back.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Log, SessionStore } from './store.ts'

export interface UnfinishedParts {
  readonly store: Pick<SessionStore, 'end' | 'changes'>
  readonly log: Log
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number
}

export interface Unfinished {
  /** Of a session that is refused here already, and could not be ended in the store. */
  add(key: string, names: readonly string[]): void
  /** How many sign-outs the store has not heard of. */
  count(): number
  /** Tries once more, and says what is lost with this process. */
  close(): Promise<void>
}

/** As many as are refused here without asking anybody (`cache.ts`): what is more cannot be kept up anyway. */
const most = 20_000
/** An end that is older has long been replicated, or there is no replica. */
const recentMilliseconds = 30_000
const [shortestPause, longestPause] = [250, 2_000]
/** How long a process that ends goes on trying. */
const lastMilliseconds = 2_000
/** How many are told at the same time. */
const together = 100

export function createUnfinished({ store, log, now = () => performance.now() }: UnfinishedParts): Unfinished {
  /** By key, the groups that the session leaves; null where the end was heard of, and is only told once more. */
  const waiting = new Map<string, readonly string[] | null>()
  /** When the end of a session was announced, wherever that was done. */
  const recent = new Map<string, number>()
  let timer: NodeJS.Timeout | null = null
  let pause = shortestPause
  let dropped = 0
  let closed = false

  function put(key: string, names: readonly string[] | null): void {
    if (names === null && waiting.has(key)) return
    waiting.set(key, names)
    const [oldest] = waiting.keys()
    if (waiting.size <= most || oldest === undefined) return
    if (waiting.get(oldest) !== null) dropped += 1
    waiting.delete(oldest)
  }

  function soon(): void {
    if (closed || timer !== null || waiting.size === 0) return
    timer = setTimeout(again, pause).unref()
  }

  async function again(): Promise<void> {
    const heard = await tellAll()
    timer = null
    pause = heard ? shortestPause : Math.min(2 * pause, longestPause)
    soon()
  }

  /** @returns whether the store has heard of all that waited. */
  async function tellAll(): Promise<boolean> {
    const all = [...waiting]
    for (let from = 0; from < all.length; from += together) {
      const told = await Promise.allSettled(
        all.slice(from, from + together).map(async ([key, names]) => {
          await store.end(key, names ?? [])
          waiting.delete(key)
        }),
      )
      if (told.some(({ status }) => status === 'rejected')) return false
    }
    return true
  }

  function isRecent(at: number): boolean {
    return now() - at <= recentMilliseconds
  }

  const unsubscribe = store.changes.subscribe((change) => {
    if (change.what === 'ended' && !recent.has(change.key)) {
      // In the order of their time: the oldest goes first.
      for (const [key, at] of recent) {
        if (isRecent(at) && recent.size < most) break
        recent.delete(key)
      }
      recent.set(change.key, now())
    }
    if (change.what !== 'gap') return
    // Another server may be answering now, which was told a moment too late.
    for (const [key, at] of recent) if (isRecent(at)) put(key, null)
    soon()
  })

  const count = () => dropped + [...waiting.values()].filter((names) => names !== null).length

  return {
    add(key, names) {
      put(key, names)
      soon()
    },
    count,
    async close() {
      closed = true
      unsubscribe()
      if (timer !== null) clearTimeout(timer)
      const until = now() + lastMilliseconds
      // The connection may be on its way back just now.
      while (count() > 0 && !(await tellAll()) && now() < until) await wait(shortestPause)
      const lost = count()
      if (lost > 0) log.error('sign_outs_lost', { sessions: lost })
    },
  }
}
