/** A thread that holds the file of sessions open: neither a disk that takes its time nor a long walk stops a request. */
import { statSync } from 'node:fs'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { openFile } from './file-database.ts'
import type { Message, Question, ThreadSettings } from './file-messages.ts'
import { createFileReads } from './file-reads.ts'
import { type Database, resultCode, results } from './file-sqlite.ts'
import { createFileWrites, type FileWrites } from './file-writes.ts'

/** What has come meanwhile is written in one transaction, and the disk waited for once. */
const mostAtOnce = 500

if (parentPort !== null) work(parentPort, workerData as ThreadSettings)

function work(port: MessagePort, settings: ThreadSettings): void {
  const say = (message: Message) => port.postMessage(message)
  try {
    const { database, setAside } = openFile(settings)
    const answer = settings.role === 'reader' ? reader(database, settings.path) : writer(database, settings.maxSessions)
    port.on('message', (first: Question | null) => {
      const questions = [first, ...waiting(port)]
      for (const message of answer(questions.filter((each) => each !== null))) say(message)
      // The last word: what came before it has been written.
      if (!questions.includes(null)) return
      database.close()
      port.close()
    })
    say({ kind: 'opened', setAside })
  } catch (error) {
    say({ kind: 'not_opened', message: textOf(error) })
    port.close()
  }
}

function waiting(port: MessagePort): readonly (Question | null)[] {
  const found: (Question | null)[] = []
  while (found.length < mostAtOnce) {
    const next = receiveMessageOnPort(port)
    if (next === undefined) break
    found.push(next.message)
  }
  return found
}

type Answerer = (questions: readonly Question[]) => readonly Message[]

function reader(database: Database, path: string): Answerer {
  const reads = createFileReads(database)
  const opened = fileAt(path)
  return (questions) =>
    questions.map((question) =>
      attempt(question, () => {
        if (question.name === 'changesAfter' && fileAt(path) !== opened) throw new Moved()
        return run(reads, question)
      }),
    )
}

/**
 * Another file lies there, or none: what others end in it would not be heard, and what is written to ours is gone with
 * us. It is opened anew as one that is damaged would be.
 */
class Moved extends Error {
  readonly errcode = results.notADatabase

  constructor() {
    super('the file of sessions was taken away or replaced')
  }
}

function fileAt(path: string): string | null {
  const file = statSync(path, { throwIfNoEntry: false })
  return file === undefined ? null : `${file.dev}:${file.ino}`
}

/** All of them in one transaction; where that fails each has one of its own, so that only those fail that must. */
function writer(database: Database, maxSessions: number): Answerer {
  const writes = createFileWrites(database, maxSessions)

  function inTransaction<Result>(work: () => Result): Result {
    try {
      database.exec('BEGIN IMMEDIATE')
      const result = work()
      database.exec('COMMIT')
      return result
    } catch (error) {
      undo(database, writes)
      throw error
    }
  }

  return (questions) => {
    try {
      return inTransaction(() =>
        questions.map((question) => ({ kind: 'answer', id: question.id, value: run(writes, question) })),
      )
    } catch (error) {
      // Whoever else writes has had its time; nobody waits for it once more.
      if (resultCode(error) === results.busy) return questions.map((question) => failure(question, error))
      return questions.map((question) => attempt(question, () => inTransaction(() => run(writes, question))))
    }
  }
}

function undo(database: Database, writes: FileWrites): void {
  if (database.isTransaction) database.exec('ROLLBACK')
  writes.undone()
}

function run(operations: object, { name, args }: Question): unknown {
  const operation: unknown = Reflect.get(operations, name)
  if (typeof operation !== 'function') throw new Error(`This thread has no ${name}`)
  return Reflect.apply(operation, null, args)
}

function attempt(question: Question, operation: () => unknown): Message {
  try {
    return { kind: 'answer', id: question.id, value: operation() }
  } catch (error) {
    return failure(question, error)
  }
}

function failure({ id }: Question, error: unknown): Message {
  return { kind: 'failed', id, message: textOf(error), code: resultCode(error) }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
