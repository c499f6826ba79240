/** A `.tar.gz` that has the same bytes wherever it is made of the same files: order, times, owners and modes are not the disk's. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

export interface Entry {
  /** Where it goes, below the folder of the tarball, with slashes. */
  readonly path: string
  /** A file to copy, or the text itself. */
  readonly content: { readonly file: string } | { readonly text: string }
  readonly executable: boolean
}

/** 1980: `tar` calls what is older implausible. */
const modified = 315_532_800

/** Writes `<file>` and `<file>.sha256`, which `sha256sum -c` reads; nothing half-written ever has the name of the whole. */
export async function writeTarball(file: string, folder: string, entries: readonly Entry[]): Promise<void> {
  const unfinished = `${file}.unfinished`
  await pipeline(Readable.from(blocks(folder, entries)), createGzip(), createWriteStream(unfinished))
  const hash = createHash('sha256')
  await pipeline(createReadStream(unfinished), hash)
  renameSync(unfinished, file)
  writeFileSync(`${file}.sha256`, `${hash.digest('hex')}  ${basename(file)}\n`)
}

/** The folders have entries of their own, so that what they allow does not depend on the umask of who unpacks. */
async function* blocks(root: string, entries: readonly Entry[]): AsyncGenerator<Buffer> {
  const folders = new Set(entries.flatMap(({ path }) => foldersAbove(`${root}/${path}`)))
  const files = new Map(entries.map((entry) => [`${root}/${entry.path}`, entry]))
  for (const path of [...folders, ...files.keys()].toSorted()) {
    const entry = files.get(path)
    if (entry === undefined) {
      yield header({ path: `${path}/`, type: '5', mode: 0o755, size: 0 })
      continue
    }
    const mode = entry.executable ? 0o755 : 0o644
    const content = 'text' in entry.content ? Buffer.from(entry.content.text) : readFileSync(entry.content.file)
    yield header({ path, type: '0', mode, size: content.length })
    yield content
    yield Buffer.alloc(-content.length & 511)
  }
  yield Buffer.alloc(1_024)
}

function foldersAbove(path: string): readonly string[] {
  const names = path.split('/').slice(0, -1)
  return names.map((_, at) => names.slice(0, at + 1).join('/'))
}

/** One block of the format `ustar` (POSIX.1-1988); a path that does not fit throws. */
function header(of: { path: string; type: '0' | '5'; mode: number; size: number }): Buffer {
  const block = Buffer.alloc(512)
  const number = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  const [prefix, name] = halves(of.path)
  block.write(name, 0, 'utf8')
  number(of.mode, 100, 8)
  number(0, 108, 8)
  number(0, 116, 8)
  number(of.size, 124, 12)
  number(modified, 136, 12)
  block.write(of.type, 156, 'latin1')
  block.write('ustar\0' + '00', 257, 'latin1')
  block.write(prefix, 345, 'utf8')
  // The checksum is taken with blanks in its own place.
  block.fill(' ', 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** A name has 100 bytes; of a longer one, 155 more may stand in front of a slash. */
function halves(path: string): readonly [string, string] {
  if (Buffer.byteLength(path) <= 100) return ['', path]
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)]
    const fits = Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100
    if (fits && name !== '') return [prefix, name]
  }
  throw new Error(`too long for a tarball: ${path}`)
}
