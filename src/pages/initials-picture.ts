/**
 * Initials as a drawing that stands where a photo would: shapes and text alone, no style, no script, nothing loaded.
 */
import type { Initials } from '../core/identity/initials.ts'

/**
 * SVG 2. Styled by attributes, so that its policy need allow no styles.
 * @param size length of a side in pixels.
 */
export function initialsPicture({ text, colour }: Initials, size: number): string {
  const shown = escaped(text)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 96 96" role="img" aria-label="${shown}">`,
    `<rect width="96" height="96" fill="${escaped(colour)}"/>`,
    '<text x="48" y="48" dy="0.36em" fill="#ffffff" font-family="system-ui, sans-serif" font-size="40" text-anchor="middle">',
    `${shown}</text></svg>`,
  ].join('')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Whatever it says, it stays text (T91). XML has no control characters, not even as references. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '').replace(/\p{Cc}|\p{Cs}/gu, '')
}
