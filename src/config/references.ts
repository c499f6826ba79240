/** `${env:NAME}`, `${env:NAME:-default}` and `${file:/path}` in text: how secrets come in without standing in the file. */
import { resolve } from 'node:path'
import type { Files } from './files.ts'
import { printable } from './issues.ts'

export interface Place {
  readonly place: string
  /** Of what is nowhere: where it was looked for, in words. */
  readonly sought?: string
}

/** What references can reach: the operator's own file may ask for everything, a tenant's only for what is its own. */
export interface Surroundings {
  /** What a variable of the environment holds; the problem where it must not be asked for. */
  readonly variable: (name: string) => { readonly value: string | undefined } | { readonly problem: string }
  /** Where the file of a path really is; the problem where it must not be asked for. */
  readonly locate: (path: string) => Place | { readonly problem: string }
  readonly files: Files
}

export type Environment = Readonly<Record<string, string | undefined>>

/** The operator's: every variable, and every file, relative to the folder of the file that the reference stands in. */
export function operatorSurroundings(env: Environment, folder: string, files: Files): Surroundings {
  return {
    variable: (name) => ({ value: env[name] }),
    locate: (path) => ({ place: resolve(folder, path) }),
    files,
  }
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
  // Asked first: with a brace behind the last one, none of them is looked for in vain, which would take the square of the time.
  if (hasReference(text) && text.indexOf('}', text.lastIndexOf('${')) === -1) {
    return { problem: 'a reference is not closed', missing: false }
  }
  let result = ''
  // Odd places are what stood in braces.
  for (const [place, piece] of text.split(/\$\{([^}]*)\}/).entries()) {
    const found = place % 2 === 0 ? { text: piece } : lookUp(piece, surroundings)
    if ('problem' in found) return found
    result += found.text
    if (result.length > longestText) return { problem: 'the references stand for too much', missing: false }
  }
  return { text: result }
}

/** The text of a reference without its default, which may be a secret. */
export function withoutDefaults(text: string): string {
  return text.replace(/(\$\{env:[^}]*?:-)[^}]+(\}|$)/g, '$1…$2')
}

function lookUp(reference: string, surroundings: Surroundings): Interpolated {
  const [, name, fallback] = /^env:([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(reference) ?? []
  if (name !== undefined) {
    const found = surroundings.variable(name)
    if ('problem' in found) return { problem: found.problem, missing: false }
    const { value } = found
    if (value !== undefined && value !== '') return { text: value }
    if (fallback !== undefined) return { text: fallback }
    const state = value === undefined ? 'not set' : 'empty'
    return { problem: `the environment variable ${printable(name)} is ${state}`, missing: true }
  }
  const path = /^file:(.+)$/s.exec(reference)?.[1]
  if (path !== undefined) return readText(path, surroundings, 'the file of the reference')
  return { problem: 'this is not a reference', missing: false }
}

const largestFile = 65_536
/** A file can be named more than once: what stands for much must not stand for it a thousand times. */
const longestText = 1_048_576

/** The text of a file that the configuration names. One newline at the end goes: editors and `echo` add it, and nobody means it. */
export function readText(path: string, { locate, files }: Surroundings, what = 'the file'): Interpolated {
  const found = locate(path)
  if ('problem' in found) return { problem: found.problem, missing: false }
  const bytes = files.read(found.place, largestFile)
  if ('problem' in bytes) return { problem: `${what} ${bytes.problem}${found.sought ?? ''}`, missing: bytes.missing }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
    return text === '' ? { problem: `${what} is empty`, missing: true } : { text }
  } catch {
    return { problem: `${what} is not text in UTF-8`, missing: false }
  }
}
