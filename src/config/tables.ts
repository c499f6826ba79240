/** The README's tables of keys, of outcomes and of causes, and the blocks that they stand in. */
import { causes } from '../core/answer/causes.ts'
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

/** Why a sign-in does not come to its end in a browser. */
export function causesTable(): string {
  const rows = Object.entries(causes).map(([cause, { text, remedy }]) => [`\`${cause}\``, text, remedy])
  return table(['Cause', 'What the person sees', 'What the operator does'], rows)
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
    const own = row(here, child, { isRequired: node.required?.includes(key) ?? false })
    if (child.keysAsIn !== undefined) return [own]
    return [own, ...keys(child, here), ...formKeys(child, here), ...itemKeys(child.items ?? {}, `${here}[]`)]
  })
}

function itemKeys(item: SchemaNode, path: string): readonly (readonly string[])[] {
  return [...keys(item, path), ...formKeys(item, path)]
}

interface FormNode {
  /** Such as `kind: oidc`. */
  readonly name: string
  readonly node: SchemaNode
}

function formKeys({ oneOf = [] }: SchemaNode, path: string): readonly (readonly string[])[] {
  const forms = oneOf.map((node) => {
    const [key, word] = Object.entries(node.properties ?? {}).find(([, each]) => each.const !== undefined) ?? []
    return { name: `${key}: ${String(word?.const)}`, node }
  })
  return keysOfForms(forms, path)
}

/** A key that says the same in all forms of a mapping once, every other with the form that it is of. */
function keysOfForms(forms: readonly FormNode[], path: string): readonly (readonly string[])[] {
  const said = new Set<string>()
  return forms.flatMap(({ name, node }) =>
    Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
      if (said.has(key)) return []
      const here = `${path}.${key}`
      const isRequired = node.required?.includes(key) ?? false
      const alike = forms.flatMap((form) => {
        const same = form.node.properties?.[key]
        return same !== undefined && sentences(same) === sentences(child) ? [{ name: form.name, node: same }] : []
      })
      if (alike.length < forms.length) {
        const where = child.const === undefined ? { where: name } : {}
        return [row(here, child, { isRequired, ...where }), ...keys(child, here)]
      }
      said.add(key)
      return [row(here, child, { isRequired }), ...keysOfForms(alike, here)]
    }),
  )
}

interface About {
  readonly isRequired: boolean
  readonly where?: string
}

function row(path: string, node: SchemaNode, { isRequired, where }: About): readonly string[] {
  const text = sentences(node)
  return [`\`${path}\``, defaultOf(node, isRequired), where === undefined ? text : `With \`${where}\`: ${text}`]
}

function defaultOf(node: SchemaNode, required: boolean): string {
  if (required) return 'required'
  return node.default === undefined || (isBranch(node) && node.oneOf === undefined) ? '' : `\`${write(node.default)}\``
}

function sentences({ description = '', allowed, enum: words, const: word, keysAsIn }: SchemaNode): string {
  if (word !== undefined) return `\`${word}\`: ${description}`
  const more = [
    ...(allowed === undefined && words === undefined ? [] : [`Allowed: ${allowed ?? words?.join(', ')}.`]),
    ...(keysAsIn === undefined ? [] : [`Its keys are those of \`${keysAsIn}\`.`]),
  ]
  return [description, ...more].join(' ')
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(heads), `|${heads.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}
