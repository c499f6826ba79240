/** Reads the little Markdown that our documents are written in: fenced blocks, tables, headings. */
import assert from 'node:assert/strict'

/** Fenced blocks of a language, also those that are indented below a list. */
export function fenced(text: string, language: string): readonly string[] {
  return [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```$/gm)]
    .filter(([, , kind]) => kind === language)
    .map(([, indent = '', , body = '']) => body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''))
}

/** The rows below the table head that begins with these cells. */
export function rows(text: string, ...heads: readonly string[]): readonly (readonly string[])[] {
  const lines = text.split('\n')
  const start = lines.findIndex((line) => line.startsWith(`| ${heads.join(' | ')} |`))
  assert.notEqual(start, -1, `there is no table that begins with ${heads.join(', ')}`)
  const below = lines.slice(start + 2)
  const length = below.findIndex((line) => !line.startsWith('|'))
  return below.slice(0, length === -1 ? undefined : length).map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  )
}

/** A cell without its back quotes. */
export const bare = (cell = '') => cell.replaceAll('`', '')
/** A cell that lists words with commas, in order; a dash stands for none. */
export const list = (cell = '') => (cell === '–' ? [] : bare(cell).split(', ')).toSorted()
/** A text without some of its parts. */
export const without = (text: string, ...blocks: readonly string[]) =>
  blocks.reduce((rest, block) => rest.replaceAll(block, ''), text)

/** How GitHub names the anchor of a heading. */
const slug = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

/** The anchors of all headings, those in fenced blocks aside. */
export function anchors(text: string): ReadonlySet<string> {
  const prose = text.replace(/^ *```[\s\S]*?^ *```$/gm, '')
  return new Set([...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading)))
}
