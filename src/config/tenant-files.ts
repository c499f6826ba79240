/** The tenants in files of their own: which files there are, and one tenant's text from each. */
import { basename, dirname, isAbsolute, join } from 'node:path'
import { isMap } from 'yaml'
import { placeFinding } from './explain.ts'
import { namesIn, type Used } from './files.ts'
import { type Issue, issueOfFile, printable } from './issues.ts'
import type { ReadOptions, SettingsDraft } from './main-file.ts'
import { readSource, type Source } from './read.ts'
import { tenantSchema } from './schema.ts'
import { tenantReferenceForms, tenantSurroundings } from './tenant-secrets.ts'
import { mostFindings, type TenantText } from './tenant-text.ts'
import { toTree } from './tree.ts'
import { readName } from './values.ts'

export interface Folder {
  readonly path: string
  /** Null where the folder cannot be read: then nobody can say which tenants are gone. */
  readonly files: readonly string[] | null
  readonly issues: readonly Issue[]
}

export interface TenantFileOptions extends ReadOptions {
  readonly allowInlineSecrets: boolean
  /** Folders with secrets of tenants. */
  readonly secrets: readonly string[]
}

/** @param base the folder that relative paths begin at. */
export function foldersOf(tenantFiles: SettingsDraft['tenantFiles'], base: string): readonly Folder[] {
  return listed(tenantFiles?.path).map((pattern) => {
    const [path, name] = [from(base, dirname(pattern)), basename(pattern)]
    const names = namesIn(path)
    if ('problem' in names) return { path, files: null, issues: [issueOfFile(path, names.problem)] }
    const [head = '', tail] = name.split('*')
    const fits = (each: string) =>
      tail === undefined
        ? each === name
        : each.length >= head.length + tail.length && each.startsWith(head) && each.endsWith(tail)
    // What begins with a dot is an editor's, or the hidden half of a ConfigMap.
    const files = names.filter((each) => fits(each) && !each.startsWith('.')).map((each) => join(path, each))
    const isMissing = tail === undefined && files.length === 0
    return { path, files, issues: isMissing ? [issueOfFile(join(path, name), 'there is no such file')] : [] }
  })
}

/** @param base the folder that relative paths begin at. */
export function secretFoldersOf(tenantFiles: SettingsDraft['tenantFiles'], base: string): readonly string[] {
  return listed(tenantFiles?.secrets).map((folder) => from(base, folder))
}

/** Relative as long as the operator's file was named so: that is how people know their files. */
function from(base: string, path: string): string {
  return isAbsolute(path) ? path : join(base, path)
}

/** @returns the tenant's text and what it was made of; a file that cannot be read as a mapping gives its issues alone. */
export function readTenantFile(
  path: string,
  options: TenantFileOptions,
): { readonly text: TenantText | null; readonly issues: readonly Issue[]; readonly used: readonly Used[] } {
  const { result, used } = options.files.watching(() => readFile(path, options))
  return { ...result, used }
}

/** What a tenant file calls its tenant. */
export function tenantNameOf(path: string): string {
  return printable(basename(path).replace(/\.ya?ml$/, ''), 63)
}

/** Of one tenant, in bytes: far more than anybody needs, and little enough to be read in no time (T88). */
const largest = 131_072

function readFile(path: string, options: TenantFileOptions) {
  const refuse = (issues: readonly Issue[]) => ({ text: null, issues })
  const name = tenantNameOf(path)
  const proper = readName(name)
  if ('problem' in proper) {
    return refuse([issueOfFile(path, 'a tenant file is named after its tenant: small letters, digits and hyphens')])
  }
  const bytes = options.files.read(path, largest)
  if ('problem' in bytes) return refuse([issueOfFile(path, `the file ${bytes.problem}`)])
  const { source, issues } = readSource(bytes, path)
  if (source === null) return refuse(issues)
  if (!isMap(source.root)) return refuse([issueOfFile(path, 'the file must hold a mapping of keys to values')])
  return { text: textOf(source, name, issues, options), issues: [] }
}

function textOf(source: Source, name: string, issues: readonly Issue[], options: TenantFileOptions): TenantText {
  const { env, files, secrets, withoutSecrets, allowInlineSecrets } = options
  const tree = toTree(source, tenantSchema, {
    ...tenantSurroundings(name, { env, files, folders: secrets }),
    ...{ withoutSecrets, allowInlineSecrets, forms: tenantReferenceForms(name) },
  })
  const written = (tree.value as Readonly<Record<string, unknown>>).name
  const misnamed = written === undefined || written === name ? [] : [misnomer(source, name)]
  const found = tree.findings
    .slice(0, mostFindings)
    .map((finding) => placeFinding(finding, source, tenantSchema, tree.value))
  return {
    ...{ source, at: [], value: tree.value, schema: tenantSchema, whole: tree.value },
    ...{ name, inFile: true, unknown: tree.unknown, issues: [...issues, ...found, ...misnamed] },
  }
}

/** The file's name decides whose secrets it sees, so its author has no say in it. */
function misnomer(source: Source, name: string): Issue {
  const { line, column } = source.placeOf(['name'], 'value')
  const message = 'a tenant file is named after its tenant: leave the name out, or write the same'
  return { ...issueOfFile(source.file, message), line, column, path: 'name', allowed: name }
}

function listed(value: string | readonly (string | undefined)[] | undefined): readonly string[] {
  const all = typeof value === 'string' ? [value] : (value ?? [])
  return all.filter((each) => each !== undefined)
}
