/** The operator's file: everything but its tenants is judged here, its tenants are handed on one by one. */
import { dirname } from 'node:path'
import { isMap } from 'yaml'
import { z } from 'zod'
import { check } from './check.ts'
import { explain, placeFinding } from './explain.ts'
import type { Files } from './files.ts'
import { ConfigError, type Finding, type Issue, issueOfFile, type Path } from './issues.ts'
import { largestSource, readSource, type Source } from './read.ts'
import { type Environment, operatorSurroundings } from './references.ts'
import { type Salvaged, salvage } from './salvage.ts'
import { type Document, documentSchema } from './schema.ts'
import type { TenantText } from './tenant-text.ts'
import { pathKey, toTree } from './tree.ts'

/** A document whose tenants have not been read. */
export type Settings = Omit<Document, 'tenants' | 'defaults'> & { readonly tenants: readonly unknown[] }
export type SettingsDraft = Omit<NonNullable<Salvaged<Document>>, 'tenants' | 'defaults'> & {
  readonly tenants?: readonly unknown[] | undefined
}

export interface MainFile {
  /** Null where there is an issue. */
  readonly settings: Settings | null
  /** What of the settings can be relied on in any case. */
  readonly draft: SettingsDraft
  readonly defaults: TenantText
  readonly tenants: readonly TenantText[]
  /** Whether secrets may stand in the open, here and in tenant files. */
  readonly mayHoldSecrets: boolean
  readonly issues: readonly Issue[]
}

export interface ReadOptions {
  readonly env: Environment
  /** Check only: what references name need not exist. */
  readonly withoutSecrets: boolean
  readonly files: Files
  /** Seconds since 1970. */
  readonly now: number
}

/** Everything of the document but what the entries of `tenants` say. */
const settingsSchema = documentSchema.extend({ tenants: z.array(z.unknown()).prefault([]) })

/** @throws ConfigError for a file that cannot be read as a mapping at all; every other issue comes with the rest. */
export function readMainFile(path: string, options: ReadOptions): MainFile {
  const bytes = options.files.read(path, largestSource)
  if ('problem' in bytes) throw new ConfigError([issueOfFile(path, `the file ${bytes.problem}`)])
  const { source, issues } = readSource(bytes, path)
  if (source === null) throw new ConfigError(issues)
  if (!isMap(source.root)) throw new ConfigError([issueOfFile(path, 'the file must hold a mapping of keys to values')])
  return readSettings(source, issues, options)
}

function readSettings(source: Source, issues: readonly Issue[], options: ReadOptions): MainFile {
  const allowInlineSecrets = allowsInlineSecrets(source)
  const tree = toTree(source, documentSchema, {
    ...operatorSurroundings(options.env, dirname(source.file), options.files),
    withoutSecrets: options.withoutSecrets,
    allowInlineSecrets,
  })
  const parsed = settingsSchema.safeParse(tree.value)
  const refused = parsed.success ? [] : explain(parsed.error.issues, documentSchema, tree.value)
  const whole = parsed.success && tree.unknown.size === 0
  const draft: SettingsDraft = whole ? parsed.data : (salvage(settingsSchema, tree.value, tree.unknown) ?? {})
  const findings = [
    ...tree.findings,
    // What is wrong with a place whose value is not known has been said already.
    ...refused.filter(({ path }) => !tree.unknown.has(pathKey(path))),
    ...check(draft, (written) => source.nodeAt(written) !== null, options.now),
  ]
  const value = tree.value as Readonly<Record<string, unknown>>
  const isElsewhere = ({ path }: Finding) => isBelow(path, ['tenants']) && path.length > 1
  const place = (finding: Finding) => placeFinding(finding, source, documentSchema, tree.value)
  const part = (at: Path, each: unknown): TenantText => ({
    ...{ source, at, value: each, schema: documentSchema, whole: tree.value },
    name: nameOf(each),
    inFile: false,
    unknown: new Set([...tree.unknown].flatMap((key) => below(JSON.parse(key) as Path, at))),
    issues: tree.findings.filter(({ path }) => isBelow(path, at)).map(place),
  })
  const tenants = Array.isArray(value.tenants) ? value.tenants : []
  const own = [...issues, ...findings.filter((finding) => !isElsewhere(finding)).map(place)]
  return {
    settings: own.length === 0 && parsed.success ? parsed.data : null,
    draft,
    defaults: part(['defaults'], value.defaults ?? {}),
    tenants: tenants.map((each, index) => part(['tenants', index], each)),
    mayHoldSecrets: allowInlineSecrets,
    issues: own,
  }
}

/** What stands at `name` of a mapping, where that is text. */
function nameOf(value: unknown): string | null {
  const name = typeof value === 'object' && value !== null && 'name' in value ? value.name : null
  return typeof name === 'string' ? name : null
}

function isBelow(path: Path, top: Path): boolean {
  return top.every((step, place) => path[place] === step)
}

function below(path: Path, top: Path): readonly string[] {
  return isBelow(path, top) ? [pathKey(path.slice(top.length))] : []
}

/** Read ahead of everything else, since it decides what is an issue; only the plain word `true` counts. */
function allowsInlineSecrets(source: Source): boolean {
  const node = source.nodeAt(['allowInlineSecrets'])
  return node !== null && 'value' in node && node.value === true
}
