/** One file to one frozen gateway: text, document with places, references, schema, checks across keys, compile. */
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { isMap } from 'yaml'
import type { Gateway } from '../core/gateway.ts'
import { check } from './check.ts'
import { compile } from './compile.ts'
import { explain, placeFinding } from './explain.ts'
import { ConfigError, type Issue, type Path } from './issues.ts'
import { readSource, type Source } from './read.ts'
import { salvage } from './salvage.ts'
import { documentSchema } from './schema.ts'
import { pathKey, toTree } from './tree.ts'

export interface LoadOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Check only: what references name need not exist. The gateway that comes out must not be served. */
  readonly withoutSecrets?: boolean
}

/**
 * Reads, checks and compiles a configuration file.
 * @throws ConfigError with all issues at once; there is no gateway from a file with an issue (T84).
 */
export function loadConfig(path: string, options: LoadOptions): Gateway {
  const { source, issues } = readSource(readBytes(path), path)
  if (source === null) throw new ConfigError(issues)
  return loadSource(source, issues, options)
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    throw new ConfigError([issueOfFile(path, `the file cannot be read (${code})`)])
  }
}

function issueOfFile(file: string, message: string): Issue {
  return { file, line: 1, column: 1, path: '', message, found: null, allowed: null, nearest: null }
}

function loadSource(source: Source, issues: readonly Issue[], { env, withoutSecrets = false }: LoadOptions): Gateway {
  if (!isMap(source.root))
    throw new ConfigError([issueOfFile(source.file, 'the file must hold a mapping of keys to values')])
  const tree = toTree(source, documentSchema, {
    ...{ env, withoutSecrets, folder: dirname(source.file) },
    allowInlineSecrets: allowsInlineSecrets(source),
  })
  const parsed = documentSchema.safeParse(tree.value)
  const refused = parsed.success ? [] : explain(parsed.error.issues, documentSchema, tree.value)
  const draft = salvage(documentSchema, tree.value, tree.unknown) ?? {}
  const findings = [
    ...tree.findings,
    // What is wrong with a place whose value is not known has been said already.
    ...refused.filter(({ path }) => !tree.unknown.has(pathKey(path))),
    ...check(draft, (place: Path) => source.nodeAt(place) !== null),
  ]
  const all = [...issues, ...findings.map((finding) => placeFinding(finding, source, documentSchema, tree.value))]
  if (all.length > 0 || !parsed.success) throw new ConfigError(all)
  return compile(parsed.data)
}

/** Read ahead of everything else, since it decides what is an issue; only the plain word `true` counts. */
function allowsInlineSecrets(source: Source): boolean {
  const node = source.nodeAt(['allowInlineSecrets'])
  return node !== null && 'value' in node && node.value === true
}
