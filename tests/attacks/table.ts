/** The table of SECURITY.md: which attack is tried where. Made from the catalogue and all tests. */
import { globSync, readFileSync } from 'node:fs'
import { type ThreatId, threats } from './catalogue.ts'

interface Attacked {
  readonly id: string
  /** From the root of the repository. */
  readonly file: string
}

const root = new URL('../../', import.meta.url)

/** Every call of `attack` in any test. */
export function attacksTried(): readonly Attacked[] {
  return globSync('tests/**/*.test.ts', { cwd: root })
    .toSorted()
    .flatMap((file) => attacksIn(file, readFileSync(new URL(file, root), 'utf8')))
}

/** Exported for its own test. */
export function attacksIn(file: string, text: string): readonly Attacked[] {
  return [...text.matchAll(call)].flatMap(([, ids = '']) =>
    [...ids.matchAll(/'(T\d+)'/g)].map(([, id = '']) => ({ id, file })),
  )
}

const call = /^\s*attack\(\s*(\[[^\]]*\]|'T\d+'),/gm

/** In Markdown. A row names the files; the name of the test in it begins with the number. */
export function attackTable(tried: readonly Attacked[] = attacksTried()): string {
  const rows = Object.entries(threats).map(([id, threat]) => {
    const own = tried.filter((each) => each.id === id)
    const notYet = 'notYet' in threat ? [`not yet: ${threat.notYet}`] : []
    const files = [...new Set(own.map(({ file }) => `\`${file}\``))].join(', ')
    const shown = files === '' ? notYet : [files, ...notYet]
    return `| ${id} | ${cell(threat.mechanism)} | ${cell(threat.seenIn)} | ${shown.join('; ')} |`
  })
  return ['| # | Mechanism | Seen in | Carried out by |', '|---|---|---|---|', ...rows].join('\n')
}

function cell(text: string): string {
  return text === '' ? '–' : text.replaceAll('|', '\\|')
}

/** Which of the catalogue nobody tries, and which give no reason. */
export function untried(tried: readonly Attacked[] = attacksTried()): readonly ThreatId[] {
  const known = new Set(tried.map(({ id }) => id))
  return (Object.keys(threats) as ThreatId[]).filter((id) => !known.has(id) && !('notYet' in threats[id]))
}
