/** What the schema says of one place in the document: its kind, and what may stand below it. */
import { z } from 'zod'
import type { Path } from './issues.ts'
import type { Kind } from './schema-kinds.ts'

export type Schema = z.core.$ZodType

/** The schema without default, optional and transform around it: what is written there. */
export function bare(schema: Schema): Schema {
  const inner = innerOf(schema)
  return inner === null ? schema : bare(inner)
}

function innerOf(schema: Schema): Schema | null {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return schema.def.innerType
  }
  return schema instanceof z.ZodPipe ? schema.def.in : null
}

/** What the place says of itself; the outer layer wins. */
export function kindOf(schema: Schema): Kind {
  const inner = innerOf(schema)
  return { ...(inner === null ? {} : kindOf(inner)), ...(z.globalRegistry.get(schema) as Kind | undefined) }
}

/**
 * The schema one step down, or null where the schema knows of none.
 * @param sibling the value of another key at the same place: it tells the forms of a mapping apart, as `type` does for `store`.
 */
export function childOf(schema: Schema, step: string | number, sibling: (key: string) => unknown): Schema | null {
  const here = bare(schema)
  if (typeof step === 'number') return elementOf(here)
  if (here instanceof z.ZodObject) return Object.hasOwn(here.shape, step) ? (here.shape[step] ?? null) : null
  if (here instanceof z.ZodRecord) return here.def.valueType
  const form = formOf(here, sibling)
  if (form !== null) return childOf(form, step, sibling)
  if (!(here instanceof z.ZodDiscriminatedUnion)) return null
  const { discriminator } = here.def
  return step === discriminator ? z.enum(formsOf(here).flatMap((each) => wordsOf(each.shape[discriminator]))) : null
}

/**
 * Of the forms that a mapping may have, the one that is meant: its `type` or `kind` says so, and where that is left out, the
 * form that does not need it. Null where the schema knows of no forms, or none fits.
 */
export function formOf(schema: Schema, sibling: (key: string) => unknown): Schema | null {
  const here = bare(schema)
  if (here instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = here.def
    const said = sibling(discriminator)
    const isMeant = (each: z.ZodObject) =>
      said === undefined
        ? each.shape[discriminator] instanceof z.ZodOptional
        : wordsOf(each.shape[discriminator]).includes(String(said))
    return formsOf(here).find(isMeant) ?? null
  }
  if (!(here instanceof z.ZodUnion)) return null
  return here.options.find((option) => isMappingForm(bare(option))) ?? null
}

function isMappingForm(schema: Schema): boolean {
  return schema instanceof z.ZodObject || schema instanceof z.ZodDiscriminatedUnion
}

function elementOf(here: Schema): Schema | null {
  if (here instanceof z.ZodArray) return here.element
  if (here instanceof z.ZodUnion) return here.options.map(elementOf).find((element) => element !== null) ?? null
  return null
}

/** The forms that a mapping may have. */
function formsOf(union: z.ZodDiscriminatedUnion): readonly z.ZodObject[] {
  return union.options.filter((option) => option instanceof z.ZodObject)
}

/** The schema at a path of a plain value, or null. */
export function fieldAt(root: Schema, path: Path, value: unknown): Schema | null {
  let schema: Schema | null = root
  let here = value
  for (const step of path) {
    const parent = here
    if (schema === null) return null
    schema = childOf(schema, step, (key) => memberOf(parent, key))
    here = memberOf(here, step)
  }
  return schema
}

/** What stands at a key of a mapping or a place of a list; undefined where nothing does. */
export function memberOf(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
  return (value as Record<string | number, unknown>)[step]
}

/** The words among which a value chooses, in order; none where it does not choose. */
export function wordsOf(schema: Schema | undefined): readonly string[] {
  const here = schema === undefined ? undefined : bare(schema)
  if (here instanceof z.ZodEnum) return here.options.map(String)
  if (here instanceof z.ZodLiteral) return [...here.values].map(String)
  if (here instanceof z.ZodUnion) return here.options.flatMap(wordsOf)
  return []
}

/** What may stand at a place, in words. */
export function allowedAt(schema: Schema): string | undefined {
  const { allowed } = kindOf(schema)
  if (allowed !== undefined) return allowed
  const here = bare(schema)
  const words = wordsOf(here)
  if (words.length > 0) return words.join(', ')
  if (here instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = here.def
    return `a mapping whose ${discriminator} is ${formsOf(here)
      .flatMap((form) => wordsOf(form.shape[discriminator]))
      .join(' or ')}`
  }
  if (here instanceof z.ZodObject) return `a mapping with ${Object.keys(here.shape).join(', ')}`
  if (here instanceof z.ZodRecord) return 'a mapping of names to values'
  if (here instanceof z.ZodArray) return `a list, each ${allowedAt(here.element as Schema) ?? 'a value'}`
  if (here instanceof z.ZodBoolean) return 'true or false'
  if (here instanceof z.ZodNumber) return `a whole number from ${here.minValue} to ${here.maxValue}`
  return undefined
}

/** True for a value that has no further places below it. */
export function isLeaf(schema: Schema): boolean {
  const here = bare(schema)
  return !(
    here instanceof z.ZodObject ||
    here instanceof z.ZodArray ||
    here instanceof z.ZodRecord ||
    here instanceof z.ZodDiscriminatedUnion
  )
}
