/** Reads files, and remembers in which state each was read: so that a reload reads again only what has changed. */
import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs'
import { printable } from './issues.ts'

/** What could not be read, in words. `missing`: there is nothing of this name, or nothing in it that we may see. */
export interface Unreadable {
  readonly problem: string
  readonly missing: boolean
}

/** A file that was asked for. */
export interface Used {
  readonly path: string
  /** Whether it is as it was then; also, whether it is still not there. */
  isUnchanged(): boolean
}

export interface Files {
  /** @param most bytes. Pipes and devices are refused, and opening one never waits. */
  read(path: string, most: number): Uint8Array | Unreadable
  /** Whether there is something of this name. */
  exists(path: string): boolean
  /** Runs the work, and tells which files it has asked for. */
  watching<T>(work: () => T): { readonly result: T; readonly used: readonly Used[] }
}

/** What tells whether a file has changed; undefined: there is none. */
type Look = (path: string) => Pick<Stats, 'dev' | 'ino' | 'size' | 'mtimeMs' | 'ctimeMs'> | undefined

/** @param look handed in by tests that need a file system whose clock is slower than this machine's. */
export function createFiles(look: Look = (path) => statSync(path, { throwIfNoEntry: false })): Files {
  let asked = new Map<string, Used>()
  // Once each, as it was at first: what changes while it is asked for again counts as changed.
  const remember = (path: string) => {
    if (!asked.has(path)) asked.set(path, note(path, look))
  }
  return {
    read(path, most) {
      // Noted before it is read: what changes between the two is read once too often, never once too few.
      remember(path)
      return readBounded(path, most)
    },
    exists(path) {
      remember(path)
      return timesOf(path, look).exists
    },
    watching(work) {
      const outer = asked
      asked = new Map()
      try {
        const result = work()
        return { result, used: [...asked.values()] }
      } finally {
        asked = outer
      }
    },
  }
}

/** Whether all of these are as they were. */
export function areUnchanged(used: readonly Used[]): boolean {
  return used.every((each) => each.isUnchanged())
}

/** The names in a folder, sorted; or why they cannot be had. */
export function namesIn(folder: string): readonly string[] | { readonly problem: string } {
  try {
    return readdirSync(folder).sort()
  } catch (cause) {
    return { problem: `the folder ${printable(folder, 200)} cannot be read (${codeOf(cause)})` }
  }
}

function readBounded(path: string, most: number): Uint8Array | Unreadable {
  let file: number | null = null
  try {
    // Without O_NONBLOCK, opening a pipe waits until somebody writes to it.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const about = fstatSync(file)
    if (about.isDirectory()) return { problem: 'is a folder, not a file', missing: false }
    if (!about.isFile()) return { problem: 'is not a file', missing: false }
    // One byte more than is allowed tells of a file that has grown meanwhile.
    const bytes = Buffer.allocUnsafe(Math.min(about.size, most) + 1)
    const length = fill(file, bytes)
    return length > most ? { problem: `has more than ${inWords(most)}`, missing: false } : bytes.subarray(0, length)
  } catch (cause) {
    return { problem: `cannot be read (${codeOf(cause)})`, missing: true }
  } finally {
    if (file !== null) closeSync(file)
  }
}

function fill(file: number, bytes: Buffer): number {
  let length = 0
  while (length < bytes.length) {
    const read = readSync(file, bytes, length, bytes.length - length, null)
    if (read === 0) break
    length += read
  }
  return length
}

function inWords(bytes: number): string {
  return bytes < 1_048_576 ? `${bytes / 1_024} KB` : `${bytes / 1_048_576} MB`
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
}

/** Clocks of file systems tick slowly: what changed this short ago may change once more and look the same (in milliseconds). */
const freshness = 2_000
const largestHashed = 1_048_576

/** Identity, size and times; and, as long as these alone could deceive, the content. */
function note(path: string, look: Look): Used {
  const { times, changedAt } = timesOf(path, look)
  let content = isFresh(changedAt) ? contentOf(path) : null
  return {
    path,
    isUnchanged() {
      const now = timesOf(path, look)
      if (now.times !== times) return false
      if (content === null) return true
      if (contentOf(path) !== content) return false
      if (!isFresh(now.changedAt)) content = null
      return true
    },
  }
}

function isFresh(changedAt: number): boolean {
  return Math.abs(Date.now() - changedAt) <= freshness
}

function timesOf(
  path: string,
  look: Look,
): { readonly times: string; readonly changedAt: number; readonly exists: boolean } {
  try {
    const about = look(path)
    if (about === undefined) return { times: 'nothing', changedAt: 0, exists: false }
    const { dev, ino, size, mtimeMs, ctimeMs } = about
    return { times: `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`, changedAt: ctimeMs, exists: true }
  } catch (cause) {
    return { times: codeOf(cause), changedAt: 0, exists: false }
  }
}

function contentOf(path: string): string {
  try {
    const about = statSync(path)
    if (!about.isFile() || about.size > largestHashed) return ''
    return createHash('sha256').update(readFileSync(path)).digest('base64')
  } catch (cause) {
    return codeOf(cause)
  }
}
