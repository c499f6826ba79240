/** Who wants to know when a session ends: open WebSockets, which ask nobody again (T101). */
import type { SessionName } from './records.ts'

interface Watched {
  readonly name: SessionName
  readonly key: string
}

export interface Watches {
  add(watched: Watched, onEnded: () => void): () => void
  /** Tells everybody who watches this session, once. */
  tell(key: string): void
  /** Asks for every watched session whether it goes on, and tells those whose session does not. */
  check(goesOn: (name: SessionName) => Promise<boolean>): Promise<void>
}

export function createWatches(): Watches {
  const watches = new Map<string, { readonly watched: Watched; readonly callbacks: Set<() => void> }>()

  function tell(key: string): void {
    const callbacks = watches.get(key)?.callbacks ?? []
    watches.delete(key)
    for (const callback of callbacks) callback()
  }

  return {
    add(watched, onEnded) {
      // A function of its own per watch, so that one callback can watch twice.
      const callback = () => onEnded()
      const group = watches.get(watched.key) ?? { watched, callbacks: new Set() }
      watches.set(watched.key, group)
      group.callbacks.add(callback)
      return () => {
        group.callbacks.delete(callback)
        if (group.callbacks.size === 0 && watches.get(watched.key) === group) watches.delete(watched.key)
      }
    },
    tell,
    async check(goesOn) {
      const asked = [...watches.values()].map(async ({ watched }) => {
        if (!(await goesOn(watched.name))) tell(watched.key)
      })
      await Promise.all(asked)
    },
  }
}
