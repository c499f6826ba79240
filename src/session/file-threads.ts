/** The two threads of a file of sessions, one that reads and one that writes; opened again where they could not go on. */
import { Fault } from '../core/fault.ts'
import { createLink, type Link, ThreadFailure } from './file-link.ts'
import type {
  OperationName,
  Operations,
  ReadOperations,
  SetAside,
  ThreadSettings,
  WriteOperations,
} from './file-messages.ts'
import { results } from './file-sqlite.ts'
import type { Log } from './store.ts'

export interface ThreadsParts {
  readonly settings: ThreadSettings
  readonly log: Log
  /** The file has been opened, for the first time or again: whatever was known of it before may be wrong. */
  readonly onOpened: (setAside: SetAside | null) => void
}

type Ask<Part extends Partial<Operations>> = <Name extends keyof Part & OperationName>(
  name: Name,
  ...args: Parameters<Operations[Name]>
) => Promise<ReturnType<Operations[Name]>>

export interface Threads {
  /** Both throw the fault `session_store_down`. What is asked before the file is open waits for that. */
  readonly read: Ask<ReadOperations>
  readonly write: Ask<WriteOperations>
  /** Null until the file was open, or not, for the first time. */
  state(): { readonly reads: boolean | null; readonly writes: boolean | null }
  close(): Promise<void>
}

type Part = 'reads' | 'writes'

const againMilliseconds = 1_000
/** For so long nothing may have failed: a full disk has room for the one and not for the other. */
const calm = 1_000

export function createThreads({ settings, log, onOpened }: ThreadsParts): Threads {
  const state: Record<Part, boolean | null> = { reads: null, writes: null }
  const failedAt: Record<Part, number> = { reads: Number.NEGATIVE_INFINITY, writes: Number.NEGATIVE_INFINITY }
  let closed = false
  let again: NodeJS.Timeout | undefined
  let links = openBoth()

  interface Links {
    readonly reads: Promise<Link>
    readonly writes: Promise<Link>
    readonly all: Link[]
  }

  /** The one that reads comes second: the other makes what it looks at. */
  function openBoth(): Links {
    const all: Link[] = []
    const open = async (role: ThreadSettings['role']) => {
      const link = createLink({ ...settings, role }, (failure) => ended(all, failure))
      all.push(link)
      return { link, setAside: await link.opened }
    }
    const writing = open(settings.role)
    const reading = writing.then(async ({ setAside }) => {
      // Whoever closes has not seen a thread that begins only now, and nobody would end it.
      if (closed) throw new ThreadFailure('closed while it was being opened', null)
      const { link } = await open('reader')
      if (setAside !== null) log.error('session_file_set_aside', { ...setAside })
      for (const part of ['reads', 'writes'] as const) {
        failedAt[part] = Number.NEGATIVE_INFINITY
        worked(part)
      }
      onOpened(setAside)
      return link
    })
    const both = { writes: writing.then(({ link }) => link), reads: reading, all }
    for (const each of [both.writes, both.reads]) each.catch(() => {})
    return both
  }

  /** Neither can do without the other. */
  function ended(all: readonly Link[], failure: ThreadFailure): void {
    if (closed || links.all !== all) return
    for (const part of ['reads', 'writes'] as const) failed(part, failure)
    openAgain()
  }

  function openAgain(): void {
    if (closed || again !== undefined) return
    again = setTimeout(async () => {
      const before = links.all
      await Promise.all(before.map((each) => each.close()))
      again = undefined
      if (!closed) links = openBoth()
    }, againMilliseconds)
  }

  function worked(part: Part): void {
    if (performance.now() - failedAt[part] < calm) return
    if (state[part] === false) log.info('session_store_up', { file: part })
    state[part] = true
  }

  function failed(part: Part, error: unknown): void {
    if (closed) return
    const cause = error instanceof Error ? error.message : String(error)
    failedAt[part] = performance.now()
    if (state[part] !== false) log.error('session_store_down', { file: part, cause })
    state[part] = false
    const code = error instanceof ThreadFailure ? error.code : null
    // To be looked through, and set aside where it is damaged.
    if (code === results.corrupt || code === results.notADatabase) openAgain()
  }

  async function answered<Answer>(part: Part, ask: (link: Link) => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await ask(await links[part])
      worked(part)
      return answer
    } catch (error) {
      failed(part, error)
      throw new Fault('session_store_down', { cause: error })
    }
  }

  return {
    read: (name, ...args) => answered('reads', (link) => link.ask(name, ...args)),
    write: (name, ...args) => answered('writes', (link) => link.ask(name, ...args)),
    state: () => state,
    async close() {
      closed = true
      clearTimeout(again)
      // The one that writes is the last, and so puts all of its log into the file.
      const [writer, reader] = links.all
      await reader?.close()
      await writer?.close()
    },
  }
}
