/** How replicas on one Redis tell each other what changed, and how a replica knows that it would hear it. */
import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { hangUp } from './redis-connection.ts'
import type { Change, Changes } from './store.ts'

export interface AnnouncementParts {
  /** A connection of its own: one that listens can do nothing else. */
  readonly listener: Redis
  /** Publishes over the connection that carries the commands, so that a beat proves the whole way. */
  readonly publish: (message: string) => Promise<unknown>
  readonly channel: string
}

const beatMilliseconds = 500
/** The youngest beat of ours that came back must have been sent within this time. */
const proofMilliseconds = 1500
/** A listening connection that stays silent for this long is made anew: it may be dead without knowing. */
const silenceMilliseconds = 10_000

/** What the scripts of the store publish: a letter, then the key. */
export const announced = { ended: 'e', updated: 'u' } as const
const beat = 'b'

/**
 * Announcements over pub/sub, which promises nothing: messages may be lost without a sign. So every replica publishes a
 * beat of its own and must hear it again; as long as it does, everything published before that beat was heard too.
 * Every gap begins a new epoch. `stop` ends the timer; the connection is the caller's to close.
 */
export function createAnnouncements(parts: AnnouncementParts): Changes & { stop(): void } {
  const { listener, publish, channel } = parts
  const replica = randomUUID()
  const listeners = new Set<(change: Change) => void>()
  let epoch = 1
  let subscribed = false
  /** When the youngest beat that we heard was sent, on this process's own monotonic clock. */
  let provenAt = Number.NEGATIVE_INFINITY
  let subscribedAt = 0
  let wasAnnouncing = false

  const announcing = () => subscribed && performance.now() - provenAt <= proofMilliseconds

  function tell(change: Change): void {
    for (const each of listeners) each(change)
  }

  function gap(): void {
    epoch += 1
    wasAnnouncing = false
    tell({ what: 'gap' })
  }

  function sendBeat(): void {
    publish(`${beat}${replica} ${performance.now()}`).catch(() => {})
  }

  async function subscribe(): Promise<void> {
    try {
      await listener.subscribe(channel)
      provenAt = Number.NEGATIVE_INFINITY
      subscribed = true
      subscribedAt = performance.now()
      gap()
      sendBeat()
    } catch {
      subscribed = false
    }
  }

  function lost(): void {
    if (!subscribed) return
    subscribed = false
    gap()
  }

  function heardBeat(text: string): void {
    const [who, sentAt] = text.split(' ')
    if (who !== replica) return
    // Between two proofs that lie too far apart something may have been lost.
    if (wasAnnouncing && !announcing()) gap()
    const sent = Number(sentAt)
    if (sent <= performance.now()) provenAt = Math.max(provenAt, sent)
    if (wasAnnouncing || !announcing()) return
    wasAnnouncing = true
    tell({ what: 'gap' })
  }

  listener.on('ready', subscribe)
  listener.on('close', lost)
  listener.on('message', (_channel: string, message: string) => {
    const text = message.slice(1)
    if (message[0] === announced.ended) tell({ what: 'ended', key: text })
    else if (message[0] === announced.updated) tell({ what: 'updated', key: text })
    else if (message[0] === beat) heardBeat(text)
  })

  const timer = setInterval(() => {
    if (wasAnnouncing && !announcing()) gap()
    if (!subscribed && listener.status === 'ready') void subscribe()
    if (subscribed && performance.now() - Math.max(provenAt, subscribedAt) > silenceMilliseconds)
      hangUp(listener, 'reconnect')
    sendBeat()
  }, beatMilliseconds).unref()

  return {
    subscribe(each) {
      listeners.add(each)
      return () => listeners.delete(each)
    },
    announcing,
    epoch: () => epoch,
    stop() {
      clearInterval(timer)
      listeners.clear()
    },
  }
}
