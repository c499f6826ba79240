/** How a value that HTTP cannot carry as it is goes into a header: the result holds only characters up to U+00FF. */
import type { HeaderEncoding } from '../gateway.ts'

const printableAscii = /^[\x20-\x7e]*$/

/**
 * @returns text of which each character is one byte on the wire; null for a value with control characters, which no encoding
 *   may smuggle into a header (T28). Blanks at both ends go: a header cannot carry them.
 */
export function encodeHeaderValue(value: string, encoding: HeaderEncoding): string | null {
  if (/[\x00-\x1f\x7f]/.test(value)) return null
  const text = value.trim()
  switch (encoding) {
    case 'utf8':
      return printableAscii.test(text) ? text : bytesOf(text)
    case 'latin1':
      return text.replace(/[\u0080-\u009f]|[^\x00-\xff]/gu, '?')
    case 'percent':
      return text.replace(/[^\x20-\x7e]+|%/gu, (part) => encodeURIComponent(part.toWellFormed()))
    case 'base64':
      return base64(bytesOf(text))
    case 'rfc2047':
      return printableAscii.test(text) ? text : encodedWords(text)
    default:
      return encoding satisfies never
  }
}

/** UTF-8, one character per byte: the form in which Node writes a header byte for byte. */
function bytesOf(text: string): string {
  let bytes = ''
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte)
  return bytes
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** RFC 4648 section 4. Node's own is not to be had in core, and the language's is too new for the oldest Node we run on. */
function base64(bytes: string): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const group =
      (bytes.charCodeAt(at) << 16) | ((bytes.charCodeAt(at + 1) || 0) << 8) | (bytes.charCodeAt(at + 2) || 0)
    const left = bytes.length - at
    text += alphabet.charAt(group >> 18) + alphabet.charAt((group >> 12) & 63)
    text += left > 1 ? alphabet.charAt((group >> 6) & 63) : '='
    text += left > 2 ? alphabet.charAt(group & 63) : '='
  }
  return text
}

/** RFC 2047 section 2: words of at most 75 characters, cut between characters. */
function encodedWords(text: string): string {
  const words: string[] = []
  let word = ''
  for (const character of text) {
    const bytes = bytesOf(character)
    if (word.length + bytes.length > 45) {
      words.push(word)
      word = ''
    }
    word += bytes
  }
  words.push(word)
  return words.map((each) => `=?UTF-8?B?${base64(each)}?=`).join(' ')
}
