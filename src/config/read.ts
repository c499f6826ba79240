/** From bytes to a YAML document that knows where everything stands. */
import {
  type Alias,
  type ErrorCode,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
  type YAMLParseError,
} from 'yaml'
import type { Issue, Path } from './issues.ts'

interface Place {
  readonly line: number
  readonly column: number
}

export interface Source {
  readonly file: string
  readonly root: Node
  /** What an alias stands for; null where its anchor is missing. */
  follow(node: Node): Node | null
  /** The node at a path, aliases followed; null where nothing is written. */
  nodeAt(path: Path): Node | null
  /** Where a path stands; for what is not written, where the nearest thing around it begins. */
  placeOf(path: Path, at: 'key' | 'value'): Place
}

/** Of one file, in bytes. */
export const largestSource = 1_048_576

interface Read {
  readonly source: Source | null
  readonly issues: readonly Issue[]
}

/**
 * Reads one file's bytes. Text that is not UTF-8, has control characters or is no YAML gives issues and no source;
 * a doubled key gives both, since the rest can still be read.
 */
export function readSource(bytes: Uint8Array, file: string): Read {
  const refuse = (message: string, place = start): Read => ({ source: null, issues: [issueAt(file, place, message)] })
  if (bytes.byteLength > largestSource) return refuse('the file has more than 1 MB')
  const text = new TextDecoder('utf-8').decode(bytes)
  const hostile = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]/.exec(text)
  if (hostile !== null) return refuse('this is not text in UTF-8', placeIn(text, hostile.index))
  const deep = tooDeep(text)
  if (deep !== null) return refuse(sentences.RESOURCE_EXHAUSTION, placeIn(text, deep))
  const lines = new LineCounter()
  const document = parseDocument(text, {
    ...{ lineCounter: lines, version: '1.2', merge: false },
    // Its own search for doubled keys takes time by the square of their number.
    ...{ uniqueKeys: false, strict: true, prettyErrors: false },
  })
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  if (document.directives?.yaml.explicit && document.directives.yaml.version !== '1.2') {
    return refuse('only YAML 1.2 is read: other versions take `no` for false and 012 for ten')
  }
  const problems: readonly Problem[] = [...document.errors, ...document.warnings, ...doubledKeys(document.contents)]
  const rows = text.split('\n')
  const issues = problems.slice(0, mostIssues).map((problem) => {
    const place = at(problem.pos[0])
    return syntaxIssue(file, text, problem, { ...place, row: rows[place.line - 1] ?? '' })
  })
  // What follows on the same line is mostly a consequence; so the first of each line stays.
  const firstOfLine = [...new Map(issues.toReversed().map((each) => [each.line, each])).values()]
  if (problems.some(({ code }) => !harmless.has(code))) return { source: null, issues: firstOfLine }
  const { contents } = document
  if (contents === null || (isScalar(contents) && contents.value === null)) return refuse('the file is empty')
  const meant = aliasesIn(contents)
  const follow = (node: Node): Node | null => (isAlias(node) ? (meant.get(node) ?? null) : node)
  return { source: createSource(file, contents, follow, at), issues: firstOfLine }
}

/** What each alias stands for: the last node before it that has its anchor. The library would look through all of the document for each. */
function aliasesIn(contents: Node): ReadonlyMap<Alias, Node> {
  const anchored = new Map<string, Node>()
  const found = new Map<Alias, Node>()
  visit(contents, {
    Node(_, node) {
      if (isAlias(node)) {
        const meant = anchored.get(node.source)
        if (meant !== undefined) found.set(node, meant)
      } else if (node.anchor !== undefined) anchored.set(node.anchor, node)
    },
  })
  return found
}

const start: Place = { line: 1, column: 1 }
/** Nobody reads more, and every one of them is looked up. */
const mostIssues = 100

/** The parser takes time by the square of how deeply brackets stand within each other: an author could hold up everybody (T88). */
const deepestBrackets = 100

/** Where brackets stand too deeply, also those in quotes; or null. */
function tooDeep(text: string): number | null {
  let depth = 0
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(0, depth - 1)
    if (depth > deepestBrackets) return index
  }
  return null
}

function issueAt(file: string, place: Place, message: string, found: string | null = null): Issue {
  return { file, ...place, path: '', message, found, allowed: null, nearest: null }
}

type Problem = Pick<YAMLParseError, 'code' | 'pos'>

function doubledKeys(contents: Node | null): readonly Problem[] {
  const found: Problem[] = []
  visit(contents, {
    Map(_, { items }) {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        const [start = 0, end = 0] = key.range ?? []
        if (seen.has(key.value)) found.push({ code: 'DUPLICATE_KEY', pos: [start, end] })
        seen.add(key.value)
      }
    },
  })
  return found
}

function syntaxIssue(
  file: string,
  text: string,
  { code, pos: [offset] }: Problem,
  { row, ...place }: Place & { readonly row: string },
): Issue {
  if (code === 'DUPLICATE_KEY') {
    return issueAt(file, place, sentences[code], /^[\w-]{1,80}/.exec(text.slice(offset))?.[0] ?? null)
  }
  const unquoted = !harmless.has(code) && row.split(/['"]/).some(hasReferenceInBrackets)
  return issueAt(file, place, unquoted ? referenceInFlow : sentences[code])
}

/** Looked for by hand: the pattern would take time by the square of the row's length (T88). */
function hasReferenceInBrackets(unquoted: string): boolean {
  const bracket = unquoted.search(/[[{]/)
  return bracket !== -1 && unquoted.includes('${', bracket + 1)
}

function createSource(file: string, root: Node, follow: Source['follow'], at: (offset: number) => Place): Source {
  const beginning = (node: unknown): Place => (isNode(node) && node.range ? at(node.range[0]) : start)
  function nodeAt(path: Path): Node | null {
    let node: Node | null = follow(root)
    for (const step of path) {
      const next: unknown = node === null ? null : stepInto(node, step)
      node = isNode(next) ? follow(next) : null
    }
    return node
  }
  function placeOf(path: Path, part: 'key' | 'value'): Place {
    const step = path.at(-1)
    if (step === undefined) return start
    const around = path.slice(0, -1)
    const parent = nodeAt(around)
    const pair = parent === null ? null : pairOf(parent, step)
    if (pair !== null) {
      const { value } = pair
      const oneLine = isScalar(value) || isAlias(value)
      const onKey = part === 'key' || !oneLine || value.range == null || value.range[0] === value.range[1]
      return beginning(onKey ? pair.key : value)
    }
    const item = parent === null ? null : stepInto(parent, step)
    return isNode(item) ? beginning(item) : placeOf(around, 'key')
  }
  return { file, root, follow, nodeAt, placeOf }
}

function stepInto(node: Node, step: string | number): unknown {
  if (typeof step === 'number') return isSeq(node) ? node.items[step] : null
  return pairOf(node, step)?.value ?? null
}

/** The last one of that name, as in the plain value. */
function pairOf(node: Node, key: string | number): Pair | null {
  if (!isMap(node)) return null
  return node.items.findLast((pair) => isScalar(pair.key) && pair.key.value === key) ?? null
}

function placeIn(text: string, offset: number): Place {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
}

/** After these the rest of the document still means what it says. */
const harmless: ReadonlySet<ErrorCode> = new Set(['DUPLICATE_KEY', 'TAG_RESOLVE_FAILED'])

const referenceInFlow = 'put a reference in quotes where it stands within [ ] or { }'

/** Our own words for the parser's codes: its messages quote the file, and what they quote may be a secret. */
const sentences: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias has neither anchor nor tag',
  BAD_ALIAS: 'this is not an alias or anchor; put text that begins with * or & in quotes',
  BAD_COLLECTION_TYPE: 'the tag does not fit what follows',
  BAD_DIRECTIVE: 'this is not a directive of YAML; put text that begins with % in quotes',
  BAD_DQ_ESCAPE: 'there is no such escape in double quotes; in single quotes a backslash is a backslash',
  BAD_INDENT: 'this line is not indented like its neighbours; or a bracket before it is not closed',
  BAD_PROP_ORDER: 'anchor and tag stand before the value and its indicator',
  BAD_SCALAR_START: 'text cannot begin with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'two keys stand on one line; put text that has a colon and a blank in quotes',
  BLOCK_IN_FLOW: 'within [ ] or { } everything is written with brackets and commas',
  DUPLICATE_KEY: 'this key is written twice',
  IMPOSSIBLE: 'this is not YAML',
  KEY_OVER_1024_CHARS: 'this key is too long',
  MISSING_CHAR: 'a character is missing here: a closing quote or bracket, a comma, a colon, or a blank after it',
  MULTILINE_IMPLICIT_KEY: 'a key stands on one line; is a colon missing, or a quote open?',
  MULTIPLE_ANCHORS: 'a value has at most one anchor',
  MULTIPLE_DOCS: 'the file holds more than one document (---)',
  MULTIPLE_TAGS: 'a value has at most one tag',
  NON_STRING_KEY: 'a key is text',
  RESOURCE_EXHAUSTION: 'this is nested too deeply',
  TAB_AS_INDENT: 'indent with blanks, not with tabs',
  TAG_RESOLVE_FAILED: 'this tag (!) is not known',
  UNEXPECTED_TOKEN:
    'something stands here that does not belong; is the text before it in quotes, or a bracket too many?',
}

/** The text of a scalar as the file has it. */
export function writtenText(node: Scalar): string {
  return node.source ?? String(node.value)
}
