/** Notices that something in a set of folders has changed; what, is for others to find out. */
import { type FSWatcher, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

export interface Watching {
  /** From now on these folders are watched, also those that are not there yet. */
  follow(folders: readonly string[]): void
  close(): void
}

export interface WatchOptions {
  /** Called once things have been quiet for `settleMilliseconds`, and every `lookSeconds` in any case. */
  readonly onChange: () => void
  /** A folder that cannot be watched, and so is only looked at from time to time; told once each. */
  readonly onBlind: (folder: string, error: unknown) => void
  /** Editors write in several steps, and half a file must not be read. */
  readonly settleMilliseconds?: number
  /** What no event tells of, such as network file systems. */
  readonly lookSeconds?: number
}

/** A folder that is watched, in the state in which that began. */
interface Watched {
  readonly watcher: FSWatcher
  readonly identity: string
  /** Names that matter in it; null: all. */
  names: ReadonlySet<string> | null
}

/**
 * Folders are watched and not files: a file that is replaced is another one, and a ConfigMap swaps a link beside it. The folder
 * above each is watched too, for its name alone: a folder that is replaced is another one as well.
 */
export function watchFolders({
  onChange,
  onBlind,
  settleMilliseconds = 500,
  lookSeconds = 60,
}: WatchOptions): Watching {
  const watched = new Map<string, Watched>()
  const blind = new Set<string>()
  let wanted: ReadonlySet<string> = new Set()
  let quiet: NodeJS.Timeout | null = null
  let since = 0

  function stirred(): void {
    const now = performance.now()
    if (quiet === null) since = now
    else clearTimeout(quiet)
    // What never comes to rest is looked at all the same.
    const wait = Math.max(0, Math.min(settleMilliseconds, since + settleMilliseconds * 10 - now))
    quiet = setTimeout(() => {
      quiet = null
      look()
    }, wait).unref()
  }

  /** Watches first and tells then: so nothing that comes between the two is missed. */
  function look(): void {
    reconcile()
    onChange()
  }

  function reconcile(): void {
    const plan = planFor(wanted)
    for (const [folder, { watcher, identity }] of watched) {
      if (plan.has(folder) && identityOf(folder) === identity) continue
      watched.delete(folder)
      watcher.close()
    }
    for (const [folder, names] of plan) {
      const known = watched.get(folder)
      if (known === undefined) open(folder, names)
      else known.names = names
    }
  }

  function open(folder: string, names: Watched['names']): void {
    const identity = identityOf(folder)
    if (identity === null) return
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        const { names: matter = null } = watched.get(folder) ?? {}
        if (name === null || matter === null || matter.has(name)) stirred()
      })
      watched.set(folder, { watcher, identity, names })
      // What cannot be watched any longer is opened anew at the next look.
      watcher.on('error', () => {
        if (watched.get(folder)?.watcher === watcher) watched.delete(folder)
        watcher.close()
      })
      blind.delete(folder)
    } catch (error) {
      if (!blind.has(folder) && wanted.has(folder)) onBlind(folder, error)
      blind.add(folder)
    }
  }

  const regular = setInterval(look, lookSeconds * 1_000).unref()

  return {
    follow(folders) {
      if (folders.length === wanted.size && folders.every((folder) => wanted.has(folder))) return
      wanted = new Set(folders)
      reconcile()
    },
    close() {
      clearInterval(regular)
      if (quiet !== null) clearTimeout(quiet)
      wanted = new Set()
      reconcile()
    },
  }
}

/** What to watch: folder → names that matter in it, or null for all. */
function planFor(wanted: ReadonlySet<string>): ReadonlyMap<string, ReadonlySet<string> | null> {
  const names = new Map<string, Set<string>>()
  for (const folder of wanted) {
    // Up to the nearest folder that is there.
    for (let below = folder; dirname(below) !== below; below = dirname(below)) {
      const above = dirname(below)
      const known = names.get(above)
      if (known === undefined) names.set(above, new Set([basename(below)]))
      else known.add(basename(below))
      if (wanted.has(above) || known !== undefined || identityOf(above) !== null) break
    }
  }
  return new Map([...names, ...[...wanted].map((folder) => [folder, null] as const)])
}

function identityOf(folder: string): string | null {
  try {
    const about = statSync(folder, { throwIfNoEntry: false })
    // Numbers of folders are used again at once, times of birth are not.
    return about === undefined ? null : `${about.dev} ${about.ino} ${about.birthtimeMs}`
  } catch {
    return null
  }
}
