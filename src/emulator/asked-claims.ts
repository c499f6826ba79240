/** The `claims` parameter (OpenID Connect Core, section 5.5), as far as Entra reads it: step-up, a forwarded challenge, and `cp1`. */

export interface AskedClaims {
  /** Authentication contexts that the ID token is to name. */
  readonly contexts: readonly string[]
  /** A Conditional Access challenge comes back: its policy wants a second factor. */
  readonly policy: boolean
  /** The client understands Continuous Access Evaluation. */
  readonly hearsChallenges: boolean
}

/** Null where the text is no JSON object. Everything that nobody knows is passed over. */
export function readAskedClaims(text: string | null): AskedClaims | null {
  if (text === null) return { contexts: [], policy: false, hearsChallenges: false }
  const asked = objectIn(text)
  if (asked === null) return null
  const [forId, forAccess] = [member(asked, 'id_token'), member(asked, 'access_token')]
  return {
    contexts: [...valuesOf(member(forId, 'acrs')), ...valuesOf(member(forAccess, 'acrs'))],
    policy: member(forAccess, 'capolids') !== undefined,
    hearsChallenges: valuesOf(member(forAccess, 'xms_cc')).includes('cp1'),
  }
}

function objectIn(text: string): unknown {
  try {
    const read: unknown = JSON.parse(text)
    return typeof read === 'object' && !Array.isArray(read) ? read : null
  } catch {
    return null
  }
}

function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? (of as Readonly<Record<string, unknown>>)[name] : undefined
}

/** `value` or `values`. */
function valuesOf(asked: unknown): readonly string[] {
  const several = member(asked, 'values')
  const values = Array.isArray(several) ? several : [member(asked, 'value')]
  return values.filter((value): value is string => typeof value === 'string')
}
