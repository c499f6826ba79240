/** Loaded into a gateway's process before the gateway (`node --expose-gc --import`): tells what it holds, after a collection, whenever it is asked. */

/** What a process holds when nothing is left that could go. */
export interface Holding {
  readonly heapBytes: number
  readonly residentBytes: number
  /** Sockets, timers and whatever else keeps a process alive, by kind. */
  readonly resources: Readonly<Record<string, number>>
  /** Of the process itself and its emitters of signals. */
  readonly listeners: number
}

function holding(): Holding {
  for (let round = 0; round < 3; round += 1) globalThis.gc?.()
  const resources: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heapBytes: heapUsed + external, residentBytes: rss, resources, listeners }
}

process.on('message', (message) => {
  if (message === 'what do you hold?') process.send?.(holding())
})
// Being asked must not keep it alive.
process.channel?.unref()
