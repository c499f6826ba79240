/** What the schema refuses, in the words of this product; and what may be shown of the text that was refused. */
import { isMap, isScalar, isSeq } from 'yaml'
import { z } from 'zod'
import { allowedAt, bare, fieldAt, isLeaf, kindOf, memberOf, type Schema, wordsOf } from './field.ts'
import { type Finding, formatPath, type Issue, type Path, printable } from './issues.ts'
import { nearest } from './nearest.ts'
import { type Source, writtenText } from './read.ts'
import { hasReference, withoutDefaults } from './references.ts'

type ZodIssue = z.core.$ZodIssue

/** One finding for each thing that the schema refuses; unknown keys each on their own. */
export function explain(issues: readonly ZodIssue[], schema: Schema, value: unknown): readonly Finding[] {
  const findings = issues.flatMap((issue) => explainOne(issue, [], schema, value))
  // A key with a typing error is one mistake, not two: what it was to be is not missing besides.
  const meant = findings.flatMap(({ path, at, nearest }) =>
    at === 'key' && typeof nearest === 'string' ? [formatPath([...path.slice(0, -1), nearest])] : [],
  )
  return findings.filter(({ path, message }) => message !== required || !meant.includes(formatPath(path)))
}

const required = 'this is required'

function explainOne(issue: ZodIssue, before: Path, schema: Schema, value: unknown): readonly Finding[] {
  const path = [...before, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))]
  const field = fieldAt(schema, path, value)
  const here = path.reduce<unknown>(memberOf, value)
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], field, here))
  if (here === undefined)
    return [{ path, message: required, found: null, allowed: field ? allowedAt(field) : undefined }]
  if (here === null)
    return [
      {
        path,
        message: 'there is no value: give one, or leave the key out',
        allowed: field ? allowedAt(field) : undefined,
      },
    ]
  const form = issue.code === 'invalid_union' ? formMeant(issue.errors) : null
  if (form !== null) return form.flatMap((each) => explainOne(each, path, schema, value))
  const words = field === null ? [] : wordsOf(field)
  return [
    {
      path,
      message: messageOf(issue, here),
      allowed: field === null ? undefined : allowedAt(field),
      nearest: typeof here === 'string' ? nearest(here, words) : null,
    },
  ]
}

function unknownKey(path: Path, parent: Schema | null, here: unknown): Finding {
  const key = String(path.at(-1))
  const known = parent === null ? [] : knownKeys(parent, here)
  return {
    ...{ path, at: 'key', message: 'this key is not known', found: printable(key) },
    ...{ allowed: known.join(', '), nearest: nearest(key, known) },
  }
}

function knownKeys(parent: Schema, here: unknown): readonly string[] {
  const schema = bare(parent)
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape)
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return []
  const form = schema.options.find((option) => fits(option, schema.def.discriminator, here))
  return form instanceof z.ZodObject ? Object.keys(form.shape) : []
}

function fits(option: Schema, discriminator: string, here: unknown): boolean {
  return (
    option instanceof z.ZodObject &&
    wordsOf(option.shape[discriminator]).includes(String(memberOf(here, discriminator)))
  )
}

/** Of the ways that a value may be written, the one whose outer shape it has: its errors say more than that nothing fits. */
function formMeant(errors: readonly (readonly ZodIssue[])[]): readonly ZodIssue[] | null {
  const isInside = ({ path, code }: ZodIssue) => path.length > 0 || code === 'unrecognized_keys' || code === 'custom'
  const meant = errors.filter((form) => form.length > 0 && form.every(isInside))
  return meant.length === 1 ? (meant[0] ?? null) : null
}

function messageOf(issue: ZodIssue, here: unknown): string {
  switch (issue.code) {
    case 'custom':
      return issue.message
    case 'too_small':
      return Array.isArray(here) ? `this list needs at least ${issue.minimum}` : 'this number is too small'
    case 'too_big':
      return Array.isArray(here) ? `this list has at most ${issue.maximum}` : 'this number is too large'
    case 'invalid_type':
      if (issue.expected === 'string' && typeof here !== 'object') return 'this must be text: put it in quotes'
      return `this must be ${shapes[issue.expected] ?? issue.expected}`
    default:
      return 'this is none of the values that are allowed'
  }
}

const shapes: Readonly<Record<string, string>> = {
  ...{ string: 'text', object: 'a mapping', record: 'a mapping', array: 'a list' },
  ...{ boolean: 'true or false', int: 'a whole number', number: 'a number' },
}

/** Looks up where a finding stands, and what of the text may be shown. */
export function placeFinding(finding: Finding, source: Source, schema: Schema, value: unknown): Issue {
  const { path, message, at = 'value', found } = finding
  const { allowed, nearest: near } = finding.among === undefined ? finding : meantAmong(finding.among)
  return {
    file: source.file,
    ...source.placeOf(path, at),
    path: formatPath(path),
    message,
    found: found === undefined ? shown(source, path, fieldAt(schema, path, value)) : found,
    allowed: allowed === undefined || allowed === '' ? null : allowed,
    nearest: near ?? null,
  }
}

/** Of a tenant file: nobody reads more, and its author must not decide how long the comparison takes (T88). */
const mostNames = 100

function meantAmong({ typed, names }: NonNullable<Finding['among']>): Pick<Finding, 'allowed' | 'nearest'> {
  const few = names.slice(0, mostNames)
  const allowed = [...few, ...(names.length > few.length ? ['…'] : [])].join(', ')
  return { allowed, nearest: nearest(typed, few) }
}

/**
 * What may be shown of what stands at a place. Only where the schema expects one plain value does text appear: a secret in the
 * wrong place stays unseen. References appear as written, without default; what they stand for never does.
 */
function shown(source: Source, path: Path, field: Schema | null): string | null {
  const node = source.nodeAt(path)
  if (isMap(node)) return 'a mapping'
  if (isSeq(node)) return 'a list'
  if (!isScalar(node)) return null
  if (node.value === null) return 'nothing'
  const text = typeof node.value === 'string' ? node.value : writtenText(node)
  if (field === null || !isLeaf(field)) return 'a single value'
  if (kindOf(field).secret !== undefined)
    return hasReference(text) ? printable(withoutLiterals(text.slice(0, mostShown))) : '(not shown)'
  return printable(
    text.replace(/\/\/[^/\s]*@|^[^/\s@]*:[^/\s@]*@/g, (login) => (login.startsWith('//') ? '//…@' : '…@')),
  )
}

/** More of a text with references is not looked at, however long it is (T88). */
const mostShown = 400

/** The references in a text, without what stands between them. */
function withoutLiterals(text: string): string {
  return withoutDefaults(text)
    .split(/(\$\{[^}]*(?:\}|$))/)
    .map((piece, place) => (place % 2 === 1 || piece === '' ? piece : '…'))
    .join('')
}
