/** The gateway’s end of a thread that holds the file of sessions: a question goes there, its answer comes back. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Message, OperationName, Operations, Question, SetAside, ThreadSettings } from './file-messages.ts'

export interface Link {
  /** Rejects with a `ThreadFailure`. */
  ask<Name extends OperationName>(
    name: Name,
    ...args: Parameters<Operations[Name]>
  ): Promise<ReturnType<Operations[Name]>>
  /** Resolves when the file is open. */
  readonly opened: Promise<SetAside | null>
  /** Lets what was asked be done, and ends. */
  close(): Promise<void>
}

/** @param code of SQLite; null where the thread itself has failed. */
export class ThreadFailure extends Error {
  readonly code: number | null

  constructor(message: string, code: number | null) {
    super(message)
    this.code = code
  }
}

interface Waiting {
  resolve(value: never): void
  reject(error: ThreadFailure): void
}

/** @param onEnded the thread has ended without being told to; what was asked of it has been rejected. */
export function createLink(settings: ThreadSettings, onEnded: (error: ThreadFailure) => void): Link {
  const waiting = new Map<number, Waiting>()
  let asked = 0
  let ended: ThreadFailure | null = null
  // The sources run as they are, and so does what was built from them. Neither our environment, which may hold secrets,
  // nor our options are meant for it.
  const file = new URL(`./file-thread${extname(import.meta.url)}`, import.meta.url)
  const worker = new Worker(file, { workerData: settings, env: {}, execArgv: [], name: `sessions-${settings.role}` })
  const { promise: opened, resolve: open, reject: refuse } = Promise.withResolvers<SetAside | null>()
  // Whoever asks is told too.
  opened.catch(() => {})

  worker.on('message', (message: Message) => {
    if (message.kind === 'opened') return open(message.setAside)
    if (message.kind === 'not_opened') return fail(new ThreadFailure(message.message, null))
    const question = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.kind === 'answer') question?.resolve(message.value as never)
    else question?.reject(new ThreadFailure(message.message, message.code))
  })
  worker.on('error', (error) => fail(new ThreadFailure(String(error), null)))
  const gone = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      fail(new ThreadFailure('the thread has ended', null))
      resolve()
    })
  })

  function fail(failure: ThreadFailure): void {
    if (ended !== null) return
    ended = failure
    refuse(failure)
    for (const each of waiting.values()) each.reject(failure)
    waiting.clear()
    onEnded(failure)
  }

  return {
    opened,
    ask(name, ...args) {
      if (ended !== null) return Promise.reject(ended)
      const id = asked++
      const question: Question = { id, name, args }
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        worker.postMessage(question)
      })
    },
    async close() {
      worker.postMessage(null)
      await gone
    },
  }
}
