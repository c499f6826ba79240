/** Makes text from outside fit to be shown: eta escapes the markup, this takes away what would deceive the eye. */

const longest = 200

/**
 * One line of visible text, at most 200 characters. Line breaks, NUL and other control characters become blanks; marks
 * that turn or hide text (RTL override, zero width, tags) are dropped, except the two joiners that scripts and emoji need.
 */
export function displayText(value: string): string {
  // A cut before the work keeps a value of many megabytes cheap; marks that are dropped later may make the rest shorter.
  const visible = value
    .slice(0, longest * 8)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/(?![\u200c\u200d])\p{Cf}/gu, '')
    .replace(/ +/g, ' ')
    .trim()
  const characters = [...visible]
  return characters.length <= longest ? visible : `${characters.slice(0, longest - 1).join('')}…`
}
