/** The README's tables of keys and of outcomes, and the blocks that they stand in. */
import { type Outcome, outcomes } from '../core/answer/outcomes.ts'
import type { SchemaNode } from './json-schema.ts'
import { isBranch, write } from './reference.ts'

/** Every key with its default and its sentence; a key of an entry in a list stands as `list[].key`. */
export function configurationTable(tree: SchemaNode): string {
  return table(['Key', 'Default', 'What it says'], keys(tree, ''))
}

/** Every way in which the gateway answers by itself. */
export function outcomesTable(): string {
  const rows = Object.entries<Outcome>(outcomes).map(([code, { status, title, text, remedy }]) => [
    `\`${code}\``,
    String(status),
    `**${title}.** ${text}`,
    remedy,
  ])
  return table(['Code', 'Status', 'What the person sees', 'What the operator does'], rows)
}

/**
 * Replaces what stands between `<!-- generated:name -->` and `<!-- /generated:name -->`.
 * @returns the text unchanged where it has no such block.
 */
export function replaceBlock(text: string, name: string, content: string): string {
  const [open, close] = [`<!-- generated:${name} -->`, `<!-- /generated:${name} -->`]
  const from = text.indexOf(open)
  const to = text.indexOf(close)
  if (from < 0 || to < from) return text
  return `${text.slice(0, from + open.length)}\n${content}\n${text.slice(to)}`
}

function keys(node: SchemaNode, path: string): readonly (readonly string[])[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const here = path === '' ? key : `${path}.${key}`
    const below = [
      ...keys(child, here),
      ...keys(child.items ?? {}, `${here}[]`),
      ...(child.oneOf ?? []).flatMap((form) => keys(form, here)),
    ]
    return [[`\`${here}\``, defaultOf(child, node.required?.includes(key) ?? false), sentences(child)], ...below]
  })
}

function defaultOf(node: SchemaNode, required: boolean): string {
  if (required) return 'required'
  return node.default === undefined || (isBranch(node) && node.oneOf === undefined) ? '' : `\`${write(node.default)}\``
}

function sentences({ description = '', allowed, enum: words, const: word }: SchemaNode): string {
  if (word !== undefined) return `\`${word}\`: ${description}`
  if (allowed === undefined && words === undefined) return description
  return `${description} Allowed: ${allowed ?? words?.join(', ')}.`
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(heads), `|${heads.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}
