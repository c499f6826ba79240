/** A CGI program that shows what arrived: its environment byte for byte, and the digest of its input. */
import { createHash } from 'node:crypto'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WireAnswer } from '../http/wire.ts'

/** As it began, doubled variables too: a shell tidies those up before it tells. */
const environment = '/proc/$$/environ'

// fcgiwrap writes all of the input before it reads any output, so the program must not answer at length while it reads.
const script = (area: string) => `#!/bin/sh
printf 'Content-Type: application/octet-stream\\r\\n\\r\\n'
printf 'AREA=${area}\\0INPUT='
sha256sum | tr -d ' \\n-'
printf '\\0'
exec cat ${environment}
`

/** The names under which a server that folds paths might look for the program that only administrators may run. */
const administration = ['admin', 'ADMIN', 'Admin', 'admin.', 'admin ', 'admin;x', 'admin#', 'admin?', 'ａdmin']

/** Writes the programs into `<folder>/cgi-bin`, where any user can run them. @returns that folder. */
export async function writePrograms(folder: string): Promise<string> {
  const programs = join(folder, 'cgi-bin')
  await mkdir(programs)
  for (const name of ['environment', ...administration]) {
    const file = join(programs, name)
    await writeFile(file, script(name === 'environment' ? 'everybody' : 'administrators'))
    await chmod(file, 0o755)
  }
  await chmod(folder, 0o755)
  return programs
}

export interface Printed {
  /** One character per byte. */
  readonly environment: ReadonlyMap<string, string>
  /** Variables that the server set twice: programs differ in which one they take. */
  readonly doubled: readonly string[]
  /** Of the request's body: SHA-256 in hex. */
  readonly inputDigest: string
  /** Whose program it was. */
  readonly area: string
}

/** Null if it was not the program that answered. */
export function readPrinted(answer: WireAnswer | null): Printed | null {
  if (answer?.status !== 200) return null
  const [area = '', input = '', ...variables] = answer.body.split('\0').slice(0, -1)
  const pairs = variables.map((each) => [each.replace(/=.*$/s, ''), contentOf(each)] as const)
  const names = pairs.map(([name]) => name)
  return {
    environment: new Map(pairs),
    doubled: names.filter((name, at) => names.indexOf(name) !== at),
    inputDigest: contentOf(input),
    area: contentOf(area),
  }
}

const contentOf = (variable: string) => variable.replace(/^[^=]*=/, '')

export function digestOf(input: Buffer): string {
  return createHash('sha256').update(input).digest('hex')
}
