/** Runs the real `helm` on our chart: lint, render, and the objects that come out. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { findHelm, goIsThere, helmPackage } from './program.ts'

export const root = fileURLToPath(new URL('../../', import.meta.url))
export const chart = join(root, 'helm')
/** Sets of values that come with the chart, by name. */
export const examples = readdirSync(join(chart, 'examples')).map((file) => file.replace(/\.yaml$/, ''))
const exampleFile = (name: string) => join(chart, 'examples', `${name}.yaml`)
export const example = (name: string): Values => parse(readFileSync(exampleFile(name), 'utf8'))

export type Values = Readonly<Record<string, unknown>>

/** An example with some keys of its configuration replaced. */
export function configured(base: Values, keys: Values): Values {
  return { ...base, config: stringify({ ...parse(String(base.config)), ...keys }) }
}

/** An object as Kubernetes would get it. What tests look at is deep and loose, so it is read with `at`. */
export interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: unknown
}

const helm = findHelm()

/** Whether the chart cannot be tried here. Without helm tests skip and say so; in CI they fail where Go could build it. */
export function helmMissing(): boolean {
  if (helm !== null) return false
  if (process.env.CI === 'true' && goIsThere()) throw new Error(`helm is missing: go install ${helmPackage}`)
  console.warn(`SKIPPED: tests of the chart, because helm is missing (go install ${helmPackage})`)
  return true
}

interface Ran {
  readonly ok: boolean
  readonly out: string
  readonly error: string
}

function runHelm(...words: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(helm ?? 'helm', words, { encoding: 'utf8', timeout: 20_000 })
  return { ok: status === 0, out: stdout ?? '', error: stderr ?? '' }
}

/** The oldest Kubernetes that the chart is for; helm's own idea of a cluster depends on how it was built. */
const cluster = ['--kube-version', '1.27.0', '--api-versions', 'monitoring.coreos.com/v1']

/** What would be installed, or why it is refused. Later values win over earlier ones, as with helm's own `-f`. */
export function render(...sets: readonly (Values | string)[]): Ran {
  return renderChart(chart, sets)
}

function renderChart(folder: string, sets: readonly (Values | string)[]): Ran {
  return withFiles(sets, (files) => runHelm('template', 'sallyport', folder, '-n', 'access', ...cluster, ...files))
}

export function lint(...sets: readonly (Values | string)[]): Ran {
  return withFiles(sets, (files) => runHelm('lint', chart, '--strict', '--kube-version', '1.27.0', ...files))
}

/** The notes after an install. helm shows them to a cluster only, so here they are made the contents of an object. */
export function notes(...sets: readonly (Values | string)[]): string {
  const copy = mkdtempSync(join(tmpdir(), 'sallyport-chart-'))
  try {
    cpSync(chart, copy, { recursive: true })
    renameSync(join(copy, 'templates/NOTES.txt'), join(copy, 'notes.txt'))
    writeFileSync(
      join(copy, 'templates/notes.yaml'),
      'kind: Notes\ndata: { text: {{ tpl (.Files.Get "notes.txt") . | toJson }} }\n',
    )
    return only(read(renderChart(copy, sets)), 'Notes').data?.text ?? ''
  } finally {
    rmSync(copy, { recursive: true })
  }
}

function withFiles(sets: readonly (Values | string)[], run: (words: readonly string[]) => Ran): Ran {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-values-'))
  try {
    const files = sets.map((set, at) => {
      if (typeof set === 'string') return exampleFile(set)
      const file = join(folder, `${at}.json`)
      writeFileSync(file, JSON.stringify(set))
      return file
    })
    return run(files.flatMap((file) => ['-f', file]))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export function manifests(...sets: readonly (Values | string)[]): readonly Manifest[] {
  return read(render(...sets))
}

function read({ ok, out, error }: Ran): readonly Manifest[] {
  if (!ok) throw new Error(error)
  // Kubernetes and helm read YAML 1.1.
  return parseAllDocuments(out, { version: '1.1', merge: true })
    .map((document) => document.toJS())
    .filter((manifest) => manifest !== null)
}

/** The one object of a kind (and name). */
export function only(all: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = all.filter((each) => each.kind === kind && (name === undefined || each.metadata.name === name))
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} times ${kind} ${name ?? ''}`)
  return found[0]
}

/** What stands at a path such as `spec.template.spec.containers.0`; undefined if nothing does. */
export function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (inner, key) => (inner === null || typeof inner !== 'object' ? undefined : Reflect.get(inner, key)),
      value,
    )
}
