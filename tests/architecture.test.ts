/** The house rules that a machine can check: which room may look into which, and who keeps the door of which library. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { doorkeepers, mayImport } from './house.ts'

/** The command line opens the island, and only by a dynamic import, so that it can be taken away. */
const opensEmulator = ['cli/demo-command.ts', 'cli/emulator-command.ts']

const source = fileURLToPath(new URL('../src/', import.meta.url))

interface Import {
  readonly from: string
  readonly to: string
  readonly dynamic: boolean
}

function files(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => file.replaceAll('\\', '/'))
}

/** Formatted imports, read by pattern: `from '…'`, `import '…'`, `import('…')`. */
function imports(root: string): readonly Import[] {
  return files(root).flatMap((from) => {
    const text = readFileSync(join(root, from), 'utf8')
    return [...text.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport(\()\s*)'([^']+)'/g)].map((match) => ({
      from,
      to: match[2] ?? '',
      dynamic: match[1] !== undefined,
    }))
  })
}

const roomOf = (file: string) => file.split('/')[0] ?? ''

function violations(root: string): readonly string[] {
  const found: string[] = []
  for (const { from, to, dynamic } of imports(root)) {
    const room = roomOf(from)
    if (to.startsWith('.')) {
      const target = relative(root, resolve(root, dirname(from), to)).replaceAll('\\', '/')
      const other = roomOf(target)
      if (other === room) continue
      if (!mayImport[room]?.includes(other)) found.push(`${from} imports ${target}: ${room} may not look into ${other}`)
      if (other === 'emulator' && !(dynamic && opensEmulator.includes(from))) found.push(`${from} opens the emulator`)
    } else if (to.startsWith('node:') || builtinModules.includes(to)) {
      if (room === 'core') found.push(`${from} imports ${to}: core has no pipes`)
    } else {
      const library = to
        .split('/')
        .slice(0, to.startsWith('@') ? 2 : 1)
        .join('/')
      if (!doorkeepers[library]?.includes(room)) found.push(`${from} imports ${to}: ${room} is not its doorkeeper`)
    }
  }
  return found
}

describe('the house', () => {
  test('has no import that its table does not allow', () => expect(violations(source)).toEqual([]))

  test('has a table without circles', () => {
    const visiting = new Set<string>()
    const visit = (room: string): void => {
      expect(visiting.has(room), `a circle through ${room}`).toBe(false)
      visiting.add(room)
      for (const next of mayImport[room] ?? []) visit(next)
      visiting.delete(room)
    }
    for (const room of Object.keys(mayImport)) visit(room)
  })

  test('has only rooms that the table knows', () => {
    expect([...new Set(files(source).map(roomOf))].filter((room) => mayImport[room] === undefined)).toEqual([])
  })

  test('has no barrel, no drawer for odds and ends, and no two files of one name outside the island', () => {
    const names = files(source)
      .filter((file) => roomOf(file) !== 'emulator')
      .map((file) => file.split('/').at(-1) ?? '')
    expect(names.filter((name) => /^(?:index|utils?|helpers?|common|types?|misc)\.ts$/.test(name))).toEqual([])
    const doubled = names.filter((name, at) => names.indexOf(name) !== at)
    // A noun that both a pure core and the room with its pipes have to say something about.
    const known = ['handshake.ts']
    expect(doubled.filter((name) => !known.includes(name))).toEqual([])
  })

  for (const [file, planted] of [
    ['core/answer/decide.ts', "import { readFileSync } from 'node:fs'"],
    ['core/answer/decide.ts', "import { createLog } from '../../ops/log.ts'"],
    ['proxy/forward.ts', "import type { Sessions } from '../session/sessions.ts'"],
    ['http/gate.ts', "import { z } from 'zod'"],
    ['serve.ts', "import { startEmulator } from './emulator/emulator.ts'"],
    ['emulator/claims.ts', "import { Secret } from '../core/secret.ts'"],
    ['session/seal.ts', "import lodash from 'lodash'"],
  ] as const) {
    test(`notices ${planted} planted in ${file}`, () => {
      const copy = mkdtempSync(join(tmpdir(), 'sallyport-house-'))
      try {
        cpSync(source, copy, { recursive: true })
        writeFileSync(join(copy, file), `${planted}\n${readFileSync(join(copy, file), 'utf8')}`)
        expect(violations(copy).some((violation) => violation.startsWith(`${file} imports `))).toBe(true)
      } finally {
        rmSync(copy, { recursive: true })
      }
    })
  }

  test('compiles and checks without the emulator and the demo', () => {
    const copy = mkdtempSync(join(tmpdir(), 'sallyport-house-'))
    const root = fileURLToPath(new URL('../', import.meta.url))
    try {
      cpSync(source, join(copy, 'src'), { recursive: true })
      for (const file of ['tsconfig.json', 'package.json']) cpSync(join(root, file), join(copy, file))
      symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
      rmSync(join(copy, 'src/emulator'), { recursive: true })
      for (const name of ['demo', 'emulator']) rmSync(join(copy, `src/cli/${name}-command.ts`))
      const program = join(copy, 'src/cli/program.ts')
      const without = readFileSync(program, 'utf8')
        .replace(/^import \{ (?:demo|emulator)Command \}.*\n/gm, '')
        .replace('demoCommand(), emulatorCommand(), ', '')
      writeFileSync(program, without)
      execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', copy], { encoding: 'utf8' })
    } finally {
      rmSync(copy, { recursive: true })
    }
  })
})
