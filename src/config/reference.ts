/** `config/reference.yaml`: every key with its sentence, default and example, as a file that validates as it stands. */
import { stringify } from 'yaml'
import type { SchemaNode } from './json-schema.ts'

const opening = `# yaml-language-server: $schema=./sallyport.schema.json
#
# Every key that there is. Made from src/config/schema.ts by \`npm run generate\`: change it there, not here.
# Where a key has a default, that is what stands here; lists and what is required show an example.
# In any value, \${env:NAME}, \${env:NAME:-default} and \${file:/path} stand for what they name; within [ ] and { } put them in quotes.
`

/** @param tree the schema of the whole document. */
export function referenceFile(tree: SchemaNode): string {
  return `${opening}\n${mapping(tree, 0, true).join('\n')}\n`
}

/** The keys of a mapping as lines, indented. */
function mapping(node: SchemaNode, depth: number, apart = false): readonly string[] {
  const lines: string[] = []
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    if (apart && lines.length > 0) lines.push('')
    const written = [...comment(child, depth, node.required?.includes(key) ?? false), ...entry(key, child, depth)]
    lines.push(...(child.aside === true ? asComment(written, depth) : written))
  }
  return lines
}

function entry(key: string, node: SchemaNode, depth: number): readonly string[] {
  if (node.keysAsIn !== undefined)
    return node.default === undefined ? [indented(`# ${key}:`, depth)] : [line(key, node, depth)]
  // One step in: a list in YAML may stand as deep as its key, but is easier to see below it.
  if (node.items?.oneOf !== undefined) return [indented(`${key}:`, depth), ...forms(node.items.oneOf, '-', depth + 1)]
  if (node.oneOf !== undefined) return forms(node.oneOf, `${key}:`, depth)
  if (node.properties !== undefined) return [indented(`${key}:`, depth), ...mapping(node, depth + 1)]
  if (node.items?.properties !== undefined) {
    return [indented(`${key}:`, depth), indented('-', depth + 1), ...mapping(node.items, depth + 2)]
  }
  return [line(key, node, depth)]
}

/** The first form of a mapping, and the others as comments. */
function forms([first, ...others]: readonly SchemaNode[], opening: string, depth: number): readonly string[] {
  if (first === undefined) return []
  const other = (form: SchemaNode) => ['or:', opening, ...mapping(form, 1)].map((text) => indented(`# ${text}`, depth))
  return [indented(opening, depth), ...mapping(first, depth + 1), ...others.flatMap(other)]
}

function line(key: string, node: SchemaNode, depth: number): string {
  return indented(`${key}: ${write(exampleOf(node))}`, depth)
}

function indented(text: string, depth: number): string {
  return '  '.repeat(depth) + text
}

/** What cannot stand beside the rest is shown all the same. */
function asComment(lines: readonly string[], depth: number): readonly string[] {
  const margin = '  '.repeat(depth)
  return lines.map((text) => `${margin}# ${text.slice(margin.length)}`)
}

/** The sentence; and on lines of their own what is required or the default, and what is allowed. */
function comment(node: SchemaNode, depth: number, required: boolean): readonly string[] {
  const words = node.enum ?? []
  const allowed = node.allowed ?? (words.length > 1 ? words.join(', ') : undefined)
  const facts: string[] = []
  if (required) facts.push('Required.')
  else if (node.default !== undefined && !isBranch(node)) facts.push(`Default: ${write(node.default)}.`)
  if (allowed !== undefined) facts.push(`Allowed: ${allowed}.`)
  if (node.keysAsIn !== undefined) facts.push(`Its keys are those of \`${node.keysAsIn}\`.`)
  const indent = '  '.repeat(depth)
  return [node.description ?? '', facts.join(' ')]
    .flatMap((text) => (text === '' ? [] : wrap(text, 118 - 2 * depth)))
    .map((line) => `${indent}# ${line}`)
}

/** Whether keys stand below it, which say their own defaults. */
export function isBranch(node: SchemaNode): boolean {
  return node.properties !== undefined || node.oneOf !== undefined || node.items?.oneOf !== undefined
}

function exampleOf(node: SchemaNode): unknown {
  const isCollection = node.type === 'array' || node.type === 'object'
  if (node.const !== undefined) return node.const
  return isCollection ? (node.examples?.[0] ?? node.default) : (node.default ?? node.examples?.[0])
}

/** A value on one line. */
export function write(value: unknown): string {
  // Within a list, so that what needs quotes there has them.
  const text = stringify([value], {
    collectionStyle: 'flow',
    singleQuote: true,
    lineWidth: 0,
    flowCollectionPadding: false,
  }).trim()
  return text.slice(1, -1).trim()
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines
}
