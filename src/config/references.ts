/** `${env:NAME}`, `${env:NAME:-default}` and `${file:/path}` in text: how secrets come in without standing in the file. */
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { printable } from './issues.ts'

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where relative paths begin: the folder of the file that the reference stands in. */
  readonly folder: string
}

/** `missing`: well written, but what it names is not there, or empty. */
export type Interpolated = { readonly text: string } | { readonly problem: string; readonly missing: boolean }

export const referenceForms = '${env:NAME}, ${env:NAME:-default} or ${file:/path}'

/** Whether a text has a reference in it, well written or not. */
export function hasReference(text: string): boolean {
  return text.includes('${')
}

/** Whether a text is one reference and nothing else. */
export function isReference(text: string): boolean {
  return /^\$\{[^}]*\}$/.test(text)
}

/**
 * Replaces every reference in a text.
 * What is not set, unreadable or empty is a problem, never an empty string: an empty secret would switch a check off (T84).
 */
export function interpolate(text: string, surroundings: Surroundings): Interpolated {
  let result = ''
  // Odd places are what stood in braces.
  for (const [place, piece] of text.split(/\$\{([^}]*)\}/).entries()) {
    if (place % 2 === 0 && piece.includes('${')) return { problem: 'a reference is not closed', missing: false }
    const found = place % 2 === 0 ? { text: piece } : lookUp(piece, surroundings)
    if ('problem' in found) return found
    result += found.text
  }
  return { text: result }
}

/** The text of a reference without its default, which may be a secret. */
export function withoutDefaults(text: string): string {
  return text.replace(/(\$\{env:[^}]*?:-)[^}]+(\}|$)/g, '$1…$2')
}

function lookUp(reference: string, { env, folder }: Surroundings): Interpolated {
  const [, name, fallback] = /^env:([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(reference) ?? []
  if (name !== undefined) {
    const value = env[name]
    if (value !== undefined && value !== '') return { text: value }
    if (fallback !== undefined) return { text: fallback }
    const state = value === undefined ? 'not set' : 'empty'
    return { problem: `the environment variable ${printable(name)} is ${state}`, missing: true }
  }
  const path = /^file:(.+)$/s.exec(reference)?.[1]
  if (path !== undefined) return readReferenced(resolve(folder, path))
  return { problem: 'this is not a reference', missing: false }
}

const largestFile = 65_536

/** One newline at the end goes: editors and `echo` add it, and nobody means it. */
function readReferenced(path: string): Interpolated {
  try {
    const about = statSync(path)
    // Opening a pipe or a terminal would wait for ever.
    if (!about.isFile()) return { problem: 'what the reference names is not a file', missing: false }
    if (about.size > largestFile) return { problem: 'the file of the reference has more than 64 KB', missing: false }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)).replace(/\r?\n$/, '')
    if (text === '') return { problem: 'the file of the reference is empty', missing: true }
    return { text }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      return { problem: 'the file of the reference is not text in UTF-8', missing: false }
    }
    return { problem: `the file of the reference cannot be read (${code})`, missing: true }
  }
}
