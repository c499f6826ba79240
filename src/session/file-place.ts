/** Where the file of sessions lies: whose it may be, who may read it, what becomes of one that cannot be used. */
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { type Beginning, judgeBeginning } from './file-schema.ts'
import { type Database, resultCode, results, sqlite } from './file-sqlite.ts'

/** Beside the file itself, which SQLite names so; `-lock` is ours. */
const companions = ['-wal', '-shm', '-journal']

/** Held until `release`, or until the process is no more, however it ended. */
export interface Hold {
  release(): void
}

/**
 * Takes the place for this process: nothing else may keep sessions there meanwhile. Files that are missing are made, for
 * nobody else to read whatever the umask is; those that others may read are closed to them.
 * @throws Error with a sentence for the operator, where another gateway has the place, or somebody else could have put
 * their hand in it, or it holds what is plainly something else.
 */
export function holdPlace(path: string): Hold {
  judgeFolder(path)
  const lock = `${path}-lock`
  const wasOurs = existsSync(lock)
  makeOwn(lock)
  const held = takeLock(lock, path)
  try {
    if (isThere(path)) refuseForeign(path, wasOurs)
    makeOwn(path)
    for (const each of companions) if (isThere(`${path}${each}`)) makeOwn(`${path}${each}`)
  } catch (error) {
    // At the next try it would tell that this place was ours.
    if (!wasOurs) rmSync(lock)
    held.close()
    throw error
  }
  return { release: () => held.close() }
}

/** The same question for whoever only comes by: it makes nothing. Root may look into everybody’s. */
export function judgeVisit(path: string): void {
  if (!isThere(path)) throw new Error(`${path}: no gateway has kept sessions there yet`)
  judgeFile(path, process.geteuid?.() === 0)
}

/** Moves a file that cannot be used out of the way, with what belongs to it. @returns its new name. */
export function setAside(path: string): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  let to = `${path}.corrupt-${time}`
  for (let n = 2; existsSync(to); n++) to = `${path}.corrupt-${time}-${n}`
  rmSync(`${path}-shm`, { force: true })
  // First what belongs to it: without the file itself, nothing is tried with them.
  for (const each of ['-wal', '-journal'])
    if (existsSync(`${path}${each}`)) renameSync(`${path}${each}`, `${to}${each}`)
  renameSync(path, to)
  makeOwn(path)
  return to
}

/** A folder that is missing is made, for this user alone; those above it have to be there. */
function judgeFolder(path: string): void {
  const folder = dirname(path)
  const { mode } = attempt(path, () => {
    if (!isThere(folder)) mkdirSync(folder, { mode: 0o700 })
    return lstatSync(`${folder}/.`)
  })
  if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0) {
    throw new Error(`${path}: everybody may change files in ${folder}. Give it a folder of its own, mode 700`)
  }
}

function judgeFile(path: string, mayBeOthers: boolean): void {
  const file = lstatSync(path)
  if (file.isSymbolicLink()) throw new Error(`${path}: this is a link. Name the file itself`)
  if (!file.isFile()) throw new Error(`${path}: this is no file`)
  if (file.uid !== process.geteuid?.() && !mayBeOthers) throw new Error(`${path}: this file belongs to somebody else`)
}

/**
 * Makes the file if it is missing, and closes it to others. Never opens one that is there already: to close it would give up every lock of this process on it, as POSIX has it.
 */
export function makeOwn(path: string): void {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
  attempt(path, () => {
    if (!isThere(path)) closeSync(openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600))
  })
  judgeFile(path, false)
  attempt(path, () => chmodSync(path, 0o600))
}

/** Also where a link leads nowhere. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

/** A lock of SQLite on an empty file: the system takes it back when the process ends, also by SIGKILL. */
function takeLock(lock: string, path: string): Database {
  const held = new (sqlite().DatabaseSync)(lock)
  try {
    held.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return held
  } catch (error) {
    held.close()
    if (resultCode(error) !== results.busy) throw error
    throw new Error(
      `${path}: another gateway keeps its sessions there. Each needs a file of its own; several share theirs in Redis`,
    )
  }
}

const foreign: Partial<Record<Beginning, string>> = {
  other_database: 'this is the database of another program',
  text: 'this is a text, and no file of sessions',
}

/**
 * Where sessions have been kept before, whatever is there now is a damaged file of ours. Elsewhere somebody may have
 * named a wrong file, and moving that away would do harm.
 */
function refuseForeign(path: string, wasOurs: boolean): void {
  judgeFile(path, false)
  const problem = foreign[judgeBeginning(beginningOf(path))]
  if (problem !== undefined && !wasOurs) throw new Error(`${path}: ${problem}. Nothing was changed`)
}

function beginningOf(path: string): Buffer {
  const file = attempt(path, () => openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW))
  try {
    const bytes = Buffer.alloc(4096)
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(file)
  }
}

function attempt<Result>(path: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new Error(`${path}: sessions cannot be kept there (${code})`, { cause: error })
  }
}
