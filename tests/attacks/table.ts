/** The table of SECURITY.md: which attack is tried where. Made from the catalogue and the tests of this folder. */
import { readdirSync, readFileSync } from 'node:fs'
import { type ThreatId, threats } from './catalogue.ts'

export interface Attacked {
  readonly id: string
  /** From the root of the repository. */
  readonly file: string
  readonly what: string
}

const folder = new URL('./', import.meta.url)

/** Every call of `attack` in the tests of this folder. What a test puts into its name while it runs stands there as `…`. */
export function attacksTried(): readonly Attacked[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .flatMap((name) => attacksIn(`tests/attacks/${name}`, readFileSync(new URL(name, folder), 'utf8')))
}

/** Exported for its own test. */
export function attacksIn(file: string, text: string): readonly Attacked[] {
  return [...text.matchAll(call)].map(([, id = '', , what = '']) => ({
    id,
    file,
    what: what.replaceAll(/\$\{[^}]*\}/g, '…').replaceAll("\\'", "'"),
  }))
}

const call = /\battack\(\s*'(T\d+)',\s*(['`])((?:\\.|(?!\2)[^\\])*)\2/g

/** In Markdown. A row names the files; the test in it begins with the number. */
export function attackTable(tried: readonly Attacked[] = attacksTried()): string {
  const rows = Object.entries(threats).map(([id, threat]) => {
    const own = tried.filter((each) => each.id === id)
    const notYet = 'notYet' in threat ? String(threat.notYet) : null
    const files = [...new Set(own.map(({ file }) => file))].map((file) => `\`${file}\``).join(', ')
    const shown = [files, notYet === null ? '' : `not yet: ${notYet}`].filter((text) => text !== '').join('; ')
    return `| ${id} | ${cell(threat.mechanism)} | ${cell(threat.seenIn)} | ${shown} |`
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
