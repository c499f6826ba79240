/**
 * Identity headers as a configuration writes them: `{claim.x}`, `{graph.x}`, `{roles}` and `{groups}` in text, and
 * names that may be set.
 */
import { notPassedOn } from '../core/answer/headers.ts'
import { foldName } from '../core/answer/identity-names.ts'
import type { TemplatePart } from '../core/gateway.ts'
import type { Reading } from './values.ts'

const claimName = /^[A-Za-z0-9_.:/-]{1,200}$/
/**
 * Of a user in Microsoft Graph, extensions too; below a dot, a part of one. Nothing that could change what the query
 * asks.
 */
const graphProperty = /^[A-Za-z][A-Za-z0-9_]{0,149}(?:\.[A-Za-z][A-Za-z0-9_]{0,99})?$/

/** What `headers.set` holds: text with placeholders. Refused: other words in braces, lone braces, control characters. */
export function readTemplate(text: string): Reading<readonly TemplatePart[]> {
  if (text === '') return { problem: 'this is empty' }
  if (text.length > 2_000) return { problem: 'this has more than 2,000 characters' }
  if (/\p{C}/u.test(text)) return { problem: 'a header has no control characters' }
  const parts: TemplatePart[] = []
  // Odd places are what stood in braces.
  for (const [place, piece] of text.split(/\{([^{}]*)\}/).entries()) {
    if (place % 2 === 1) {
      const part = readPlaceholder(piece)
      if ('problem' in part) return part
      parts.push(part.value)
    } else if (/[{}]/.test(piece)) {
      return { problem: 'a brace stands alone' }
    } else if (piece !== '') {
      parts.push({ text: piece })
    }
  }
  return { value: parts }
}

/** What `headers.user` holds: the name of a claim, or a template. A text without placeholder would name everybody alike. */
export function readUserTemplate(text: string): Reading<readonly TemplatePart[]> {
  if (text.includes('{') || text.includes('}')) return readTemplate(text)
  const part = readPlaceholder(`claim.${text}`)
  return 'problem' in part ? part : { value: [part.value] }
}

function readPlaceholder(word: string): Reading<TemplatePart> {
  if (word === 'roles' || word === 'groups') return { value: { list: word } }
  const [, graph] = /^graph\.(.*)$/.exec(word) ?? []
  if (graph !== undefined) {
    return graphProperty.test(graph) ? { value: { graph } } : { problem: 'this is not a property of Microsoft Graph' }
  }
  const claim = /^claim\.(.*)$/.exec(word)?.[1]
  if (claim === undefined) return { problem: 'what stands in braces is not a placeholder' }
  // The raw claims would bypass the role map, or be cut short by overage.
  if (claim === 'roles' || claim === 'groups') return { problem: `for this list, write {${claim}}` }
  return claimName.test(claim) ? { value: { claim } } : { problem: 'this is not the name of a claim' }
}

/** Made by the gateway for every request, or true of one connection only (RFC 9110 section 7.6.1). Folded. */
const reservedNames: ReadonlySet<string> = new Set([
  ...notPassedOn,
  'cookie',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-request-id',
])
const reservedFamilies: readonly string[] = ['proxy-', 'sec-websocket-']

/** The name of a header that may be set, as it is sent. */
export function readHeaderName(text: string): Reading<string> {
  const problem = headerNameProblem(text)
  return problem === null ? { value: text } : { problem }
}

/** Why a name may not be set, or null. It is folded first: applications read `X_Forwarded_For` like `X-Forwarded-For` (T25). */
export function headerNameProblem(name: string): string | null {
  if (name.length > 100 || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return 'this is not the name of a header'
  const folded = foldName(name)
  if (!/[a-z0-9]/.test(folded)) return 'this is not the name of a header'
  if (reservedNames.has(folded) || reservedFamilies.some((family) => folded.startsWith(family))) {
    return 'the gateway makes this header itself'
  }
  return null
}
