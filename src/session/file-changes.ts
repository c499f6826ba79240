/** What others have ended in the file of sessions (`sallyport sessions end`), and how this gateway knows that it hears it. */
import type { Threads } from './file-threads.ts'
import type { Change, Changes } from './store.ts'

const lookMilliseconds = 250
/** The youngest look that was answered must have begun within this time. */
const proofMilliseconds = 1_500

export interface FileChanges extends Changes {
  /** To be called for what this gateway has changed itself, when it is on the disk. */
  tell(change: Change): void
  /** The file is another one, or was opened again. */
  begin(): void
  /** Up to where it has heard. */
  heard(): number
  stop(): void
}

/**
 * Nothing is lost in a delay: changes stay in the file, in order, until they were heard. So a late look is no gap, only a
 * time in which nothing is trusted unasked; a gap is where the file was opened anew.
 */
export function createFileChanges(threads: () => Threads): FileChanges {
  const listeners = new Set<(change: Change) => void>()
  let epoch = 0
  let seq = 0
  let provenAt = Number.NEGATIVE_INFINITY
  let looking = false

  function tell(change: Change): void {
    for (const listener of listeners) listener(change)
  }

  async function look(): Promise<void> {
    if (looking || epoch === 0) return
    looking = true
    const asked = { at: performance.now(), epoch }
    try {
      const found = await threads().read('changesAfter', seq)
      if (asked.epoch !== epoch) return
      for (const key of found.keys) tell({ what: 'ended', key })
      // A full page is followed by another one.
      if (found.seq === seq) provenAt = asked.at
      seq = found.seq
    } finally {
      looking = false
    }
    if (provenAt !== asked.at) await look()
  }
  const lookSoon = () => {
    look().catch(() => {})
  }
  const timer = setInterval(lookSoon, lookMilliseconds).unref()

  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    announcing: () => performance.now() - provenAt <= proofMilliseconds,
    epoch: () => epoch,
    tell,
    begin() {
      epoch += 1
      seq = 0
      provenAt = Number.NEGATIVE_INFINITY
      tell({ what: 'gap' })
      lookSoon()
    },
    heard: () => seq,
    stop() {
      clearInterval(timer)
      listeners.clear()
    },
  }
}
