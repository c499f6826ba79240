/** What stands for a person who has no photo: initials, and a colour that is always the same. */

export interface Initials {
  /** One or two letters or digits, with their marks; `?` for a name without any. */
  readonly text: string
  /** `#rrggbb`, on which white can be read. */
  readonly colour: string
}

/** White on each has a contrast of at least 4.5 (WCAG 2.2, success criterion 1.4.3). */
export const initialsColours: readonly string[] = [
  ...['#1d4ed8', '#0f766e', '#b91c1c', '#6d28d9', '#9d174d', '#15803d'],
  ...['#854d0e', '#334155', '#0369a1', '#86198f', '#9a3412', '#3f6212'],
]

/**
 * @param name as the provider states it: `Ada Lovelace`, `Lovelace, Ada (Research)`, or a user name.
 * @param key whoever has the same has the same colour, whatever they are called.
 */
export function initialsOf(name: string, key: string): Initials {
  const colour = initialsColours[hash(key) % initialsColours.length] ?? '#334155'
  return { text: lettersOf(name), colour }
}

/** A long name must not make work. */
const longestName = 256

function lettersOf(name: string): string {
  const plain = name.slice(0, longestName).replace(/\([^)]*\)/g, ' ')
  const [family = '', given = ''] = plain.split(',')
  const ordered = given.trim() === '' ? plain : `${given} ${family}`
  const beforeAt = ordered.includes(' ') ? ordered : (ordered.split('@')[0] ?? '')
  const letters = beforeAt.split(/[\s.]+/u).flatMap((word) => /[\p{L}\p{N}]\p{M}{0,2}/u.exec(word)?.[0] ?? [])
  const [first = '?', last = ''] = letters.length > 1 ? [letters[0], letters.at(-1)] : letters
  return (first + last).toUpperCase().normalize('NFC')
}

/** FNV-1a: the same on every replica. Nothing depends on its being hard to guess. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return value
}
