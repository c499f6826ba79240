/** The offers in `WWW-Authenticate`, without those that would bind one person's identity to a shared connection (T119). */

/**
 * Takes NTLM and Negotiate out of one header line and leaves all other offers as they are written (RFC 9110 section 11.6.1).
 * @returns the line that remains, or null if nothing does. A line that cannot be read goes as a whole if it speaks of one of them.
 */
export function keepRequestChallenges(line: string): string | null {
  if (!mentionsBinding.test(line)) return line
  const parts = splitList(line)
  if (parts === null) return null
  const kept: string[] = []
  // Parameters belong to the scheme before them; without one they belong to nothing that may be kept.
  let keeping = false
  for (const part of parts) {
    if (!parameter.test(part)) keeping = !bindingScheme.test(part)
    if (keeping) kept.push(part)
  }
  return kept.length > 0 ? kept.join(', ') : null
}

const mentionsBinding = /ntlm|nego|kerberos/i
const bindingScheme = /^(?:ntlm|negotiate|nego2|kerberos)(?:\s|$)/i
const parameter = /^[!#$%&'*+.^_`|~\w-]+\s*=/

/** The elements of a list, split at commas outside quotes; null if a quote stays open. */
function splitList(line: string): readonly string[] | null {
  const parts: string[] = []
  let part = ''
  let quoted = false
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at)
    if (quoted && character === '\\') {
      part += character + line.charAt(++at)
      continue
    }
    if (character === '"') quoted = !quoted
    if (character === ',' && !quoted) {
      parts.push(part.trim())
      part = ''
      continue
    }
    part += character
  }
  if (quoted) return null
  parts.push(part.trim())
  return parts.filter((text) => text !== '')
}
