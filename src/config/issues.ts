/** What is wrong with a configuration: every issue at once, each with its place, and never with a secret in it. */

/** Where in the document: keys and positions in lists, from the top. */
export type Path = readonly (string | number)[]

/** Something found wrong, before its place in the text is looked up. */
export interface Finding {
  readonly path: Path
  readonly message: string
  /** Point at the key rather than at its value. */
  readonly at?: 'key' | 'value'
  /** What stands there; null where that says nothing. Left out: the text as it is written, unless it could be a secret. */
  readonly found?: string | null
  readonly allowed?: string | undefined
  readonly nearest?: string | null
  /** One of these names was meant: `allowed` and `nearest` are worked out only for the findings that are told. */
  readonly among?: { readonly typed: string; readonly names: readonly string[] }
}

export interface Issue {
  readonly file: string
  readonly line: number
  readonly column: number
  /** Such as `tenants[0].routes[2].access`; empty for the document as a whole. */
  readonly path: string
  readonly message: string
  readonly found: string | null
  readonly allowed: string | null
  readonly nearest: string | null
}

export class ConfigError extends Error {
  readonly issues: readonly Issue[]

  /** @param issues at least one; they are sorted by place, and doublets go. */
  constructor(issues: readonly Issue[]) {
    const sorted = inOrder(issues)
    super(sorted.map(formatIssue).join('\n'))
    this.name = 'ConfigError'
    this.issues = sorted
  }

  toJSON(): { readonly issues: readonly Issue[] } {
    return { issues: this.issues }
  }
}

/** One issue for a terminal: its place and message on one line, as editors and CI systems link it; then what helps. */
export function formatIssue(issue: Issue): string {
  const place = `${printable(issue.file, 300)}:${issue.line}:${issue.column}:`
  const lines = [issue.path === '' ? `${place} ${issue.message}` : `${place} ${issue.path}: ${issue.message}`]
  if (issue.found !== null) lines.push(`    found:   ${issue.found}`)
  if (issue.allowed !== null) lines.push(`    allowed: ${issue.allowed}`)
  if (issue.nearest !== null) lines.push(`    did you mean: ${issue.nearest}`)
  return lines.join('\n')
}

/** `['tenants', 0, 'name']` → `tenants[0].name`; keys that are no plain words stand in quotes. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    if (!/^[A-Za-z0-9_-]{1,80}$/.test(step)) return `${text}["${printable(step)}"]`
    return text === '' ? step : `${text}.${step}`
  }, '')
}

/** Text of a file, safe for a terminal and a log: cut, and without control, invisible or direction-changing characters. */
export function printable(text: string, most = 80): string {
  const characters = [...text.slice(0, most * 2)]
  const cut = characters.length > most ? [...characters.slice(0, most - 1), '…'] : characters
  return cut
    .map((character) =>
      /[\p{C}\p{Zl}\p{Zp}]/u.test(character)
        ? `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
        : character,
    )
    .join('')
}

/** File by file as they came, and from top to bottom. */
function inOrder(issues: readonly Issue[]): readonly Issue[] {
  const unique = new Map(
    issues.map((issue) => [JSON.stringify([issue.file, issue.line, issue.column, issue.path, issue.message]), issue]),
  )
  const files = [...new Set(issues.map((issue) => issue.file))]
  const place = new Map(files.map((file, index) => [file, index]))
  const order = (issue: Issue) => place.get(issue.file) ?? 0
  return [...unique.values()].sort((a, b) => order(a) - order(b) || a.line - b.line || a.column - b.column)
}

/** An issue of a file or folder as a whole. */
export function issueOfFile(file: string, message: string): Issue {
  return { file, line: 1, column: 1, path: '', message, found: null, allowed: null, nearest: null }
}
