/** The document as plain data: aliases followed, references replaced, secrets that stand in the open refused. */
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml'
import { z } from 'zod'
import { bare, childOf, kindOf, type Schema, wordsOf } from './field.ts'
import type { Finding, Path } from './issues.ts'
import type { Source } from './read.ts'
import { hasReference, interpolate, isReference, readText, referenceForms, type Surroundings } from './references.ts'

export interface TreeOptions extends Surroundings {
  /** Stand in for references to what is missing, without a word. */
  readonly withoutSecrets: boolean
  readonly allowInlineSecrets: boolean
  /** How a reference is written here, for whoever wrote it in another way. */
  readonly forms?: string
}

export interface Tree {
  readonly value: unknown
  readonly findings: readonly Finding[]
  /** Keys (pathKey) of the places whose value is not known: a reference failed there. */
  readonly unknown: ReadonlySet<string>
}

/** A path as the key of a set. */
export function pathKey(path: Path): string {
  return JSON.stringify(path)
}

const deepest = 32
/** An alias may stand for much that again has aliases: what unfolds without end is stopped here. */
const mostValues = 200_000
/** What all references of a document stand for, in characters: a file can be named as often as one likes, and is read each time (T88). */
const mostText = 33_554_432

/** Turns the nodes of a document into plain values, as the schema wants to see them. Never throws. */
export function toTree(source: Source, schema: Schema, options: TreeOptions): Tree {
  const { forms = referenceForms } = options
  const findings: Finding[] = []
  const unknown = new Set<string>()
  let values = 0
  let room = mostText

  function convert(written: Node | null, field: Schema | null, path: Path): unknown {
    values += 1
    if (values === mostValues) findings.push({ path, found: null, message: 'the aliases unfold to too much' })
    if (values >= mostValues) return null
    if (path.length > deepest) {
      findings.push({ path, found: null, message: 'this is nested too deeply' })
      return null
    }
    const node = written === null ? null : source.follow(written)
    if (written !== null && node === null && isAlias(written)) {
      findings.push({ path, found: null, message: 'there is no anchor of this name before this alias' })
      unknown.add(pathKey(path))
      return undefined
    }
    if (isMap(node)) return mapping(node.items, field, path)
    if (isSeq(node)) {
      return node.items.map((item, index) =>
        convert(item as Node | null, field && childOf(field, index, () => undefined), [...path, index]),
      )
    }
    return isScalar(node) ? scalar(node, field, path) : null
  }

  function mapping(pairs: readonly Pair[], field: Schema | null, path: Path): unknown {
    // Without prototype, so that a key named `__proto__` is a key like any other (and unknown).
    const result: Record<string, unknown> = Object.create(null)
    const sibling = (key: string): unknown => {
      const value = pairs.findLast((pair) => isScalar(pair.key) && pair.key.value === key)?.value
      return isScalar(value) ? value.value : undefined
    }
    for (const pair of pairs) {
      const key = isScalar(pair.key) ? pair.key.value : null
      if (typeof key !== 'string') {
        findings.push({ path, found: null, message: 'a key that is not text: put it in quotes' })
        continue
      }
      result[key] = convert(pair.value as Node | null, field && childOf(field, key, sibling), [...path, key])
    }
    return result
  }

  function scalar(node: Scalar, field: Schema | null, path: Path): unknown {
    if (typeof node.value !== 'string') return node.value
    const isFile = field !== null && kindOf(field).file === true
    if (isFile && node.value.includes('-----BEGIN')) {
      findings.push({ path, found: null, message: 'name the file: what it holds must not stand here' })
      unknown.add(pathKey(path))
      return undefined
    }
    const inline = field === null || isFile || options.allowInlineSecrets ? null : inlineSecret(node.value, field)
    if (inline !== null) findings.push({ path, message: inline, allowed: forms })
    if (!hasReference(node.value) && !isFile) return node.value
    if (room < 0) {
      unknown.add(pathKey(path))
      return undefined
    }
    const found = interpolated(node.value, isFile)
    if ('text' in found) {
      room -= found.text.length
      if (room < 0) findings.push({ path, found: null, message: 'the references of this file stand for too much' })
      return typed(found.text, field)
    }
    unknown.add(pathKey(path))
    const placeholder = field === null ? undefined : placeholderFor(field)
    if (!(options.withoutSecrets && found.missing && placeholder !== undefined)) {
      const allowed = found.missing ? undefined : forms
      findings.push({ path, message: found.problem, allowed })
    }
    return placeholder
  }

  /** Of a place that names a file, the value is what the file holds. */
  function interpolated(text: string, isFile: boolean) {
    const found = interpolate(text, options)
    return isFile && 'text' in found ? readText(found.text, options) : found
  }

  const value = convert(source.root, schema, [])
  return { value, findings, unknown }
}

/** Why a text must not stand where a secret belongs, or null. */
function inlineSecret(text: string, field: Schema): string | null {
  const { secret } = kindOf(field)
  if (secret === 'always' && !isReference(text)) return 'a secret must not stand in the file'
  // Everything up to the last @, since a password may hold any sign.
  const password = /^[^:]*:\/\/[^:]*:(.+)@/s.exec(text)?.[1]
  if (secret === 'with-password' && !isReference(text) && password !== undefined && !isReference(password)) {
    return 'a password must not stand in the file'
  }
  return null
}

/** An environment knows only text; where the schema wants a number or a yes or no, the text is read as one. */
function typed(text: string, field: Schema | null): unknown {
  const here = field === null ? null : bare(field)
  const takesNumber = here instanceof z.ZodNumber || (here instanceof z.ZodLiteral && here.values.has(Number(text)))
  if (takesNumber && /^-?\d{1,15}$/.test(text)) return Number(text)
  if (here instanceof z.ZodBoolean && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

/** A value that fits the place; undefined for names, which have to be known, and for what is no single value. */
function placeholderFor(field: Schema): unknown {
  const here = bare(field)
  if (here instanceof z.ZodNumber) return here.minValue
  if (here instanceof z.ZodBoolean) return false
  return kindOf(field).placeholder ?? wordsOf(field)[0]
}
