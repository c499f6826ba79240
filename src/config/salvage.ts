/** What of a document can be relied on although other parts of it are wrong: so that all issues appear at once. */
import { z } from 'zod'
import type { Secret } from '../core/secret.ts'
import { bare, formOf, memberOf, type Schema } from './field.ts'
import type { Path } from './issues.ts'
import type { TenantDocument } from './schema.ts'
import { pathKey } from './tree.ts'

/** The same shape with holes. */
export type Salvaged<T> = T extends string | number | boolean | null | undefined | Secret
  ? T | undefined
  : T extends readonly (infer Element)[]
    ? readonly Salvaged<Element>[] | undefined
    : { readonly [Key in keyof T]?: Salvaged<T[Key]> } | undefined

export type TenantDraft = NonNullable<Salvaged<TenantDocument>>

/**
 * Reads every part on its own; what the schema refuses, or what is not known, becomes undefined.
 * @param unknown places (pathKey) whose value is only a stand-in.
 */
export function salvage<S extends z.ZodType>(
  schema: S,
  value: unknown,
  unknown: ReadonlySet<string>,
): Salvaged<z.output<S>> {
  const touched = new Set<string>()
  for (const key of unknown) {
    const path = JSON.parse(key) as Path
    for (let length = 0; length <= path.length; length++) touched.add(pathKey(path.slice(0, length)))
  }
  return salvagePart(schema, value, [], touched) as Salvaged<z.output<S>>
}

function salvagePart(schema: Schema, value: unknown, path: Path, touched: ReadonlySet<string>): unknown {
  const here = bare(schema)
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (here instanceof z.ZodRecord && isMapping) {
    const entries = Object.entries(value).map(([key, each]) => [
      key,
      salvagePart(here.def.valueType, each, [...path, key], touched),
    ])
    return Object.fromEntries(entries)
  }
  if (here instanceof z.ZodObject && isMapping) {
    const parts = Object.entries(here.shape).map(([key, part]) => [
      key,
      salvagePart(part, memberOf(value, key), [...path, key], touched),
    ])
    return Object.fromEntries(parts)
  }
  const form = isMapping ? formOf(here, (key) => memberOf(value, key)) : null
  if (form !== null) return salvagePart(form, value, path, touched)
  if (here instanceof z.ZodArray && Array.isArray(value)) {
    return value.map((element, index) => salvagePart(here.element as Schema, element, [...path, index], touched))
  }
  if (touched.has(pathKey(path))) return undefined
  const parsed = z.safeParse(schema, value)
  return parsed.success ? parsed.data : undefined
}
