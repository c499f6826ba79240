/** Writes a file that was not there: whole or not at all, and over another one only if told to. */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * The folder is made if its own folder is there. The file's permissions are as the user's umask has it: nothing in it
 * is secret, and the gateway must be able to read it.
 * @param overwrite replaces a file, or what a link leads to, and keeps its owner and permissions.
 * @throws Error in words for people, where the file is there already, or cannot be written.
 */
export function writeNewFile(path: string, text: string, overwrite: boolean): void {
  try {
    const folder = dirname(path)
    if (!isThere(folder)) mkdirSync(folder)
    write(path, text, overwrite)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'EEXIST') throw new Error(`${path} is there already: name another file with --out, or add --force`)
    throw new Error(`${path} cannot be written${code === '' ? '' : ` (${code})`}`, { cause: error })
  }
}

function write(path: string, text: string, overwrite: boolean): void {
  const known = overwrite && isThere(path) ? realpathSync(path) : null
  const target = known ?? path
  // Beside it, so that it can be renamed; with a name that no pattern of tenant files fits.
  const draft = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`)
  try {
    writeFileSync(draft, text, { flag: 'wx', flush: true })
    if (known === null) place(draft, target)
    else replace(draft, known)
  } finally {
    rmSync(draft, { force: true })
  }
}

function replace(draft: string, known: string): void {
  const { mode, uid, gid } = statSync(known)
  if (uid !== process.getuid?.() || gid !== process.getgid?.()) chownSync(draft, uid, gid)
  chmodSync(draft, mode & 0o777)
  renameSync(draft, known)
}

/** A rename would replace what came there meanwhile; a link does not. */
function place(draft: string, target: string): void {
  try {
    linkSync(draft, target)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw error
    // Some file systems have no links.
    copyFileSync(draft, target, constants.COPYFILE_EXCL)
  }
}

export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
