/** A test that carries out attacks of the catalogue, named after their numbers, mechanisms and public ids. */
import { test } from 'vitest'
import { type ThreatId, threats } from './catalogue.ts'

/**
 * May stand in any file whose tests speak to a running gateway over a socket.
 * @param ids of the catalogue.
 * @param what a part of a sentence: what was tried, and what the gateway did.
 * @param carryOut fails where anything gets through.
 * @param milliseconds where it may take longer than tests usually do.
 */
export function attack(
  ids: ThreatId | readonly ThreatId[],
  what: string,
  carryOut: () => Promise<void> | void,
  milliseconds?: number,
): void {
  const all = typeof ids === 'string' ? [ids] : ids
  test(`${all.map(named).join('; ')}: ${what}`, carryOut, milliseconds)
}

function named(id: ThreatId): string {
  const { mechanism, seenIn } = threats[id]
  const known = seenIn.match(publicIds) ?? []
  return `${id} ${mechanism}${known.length === 0 ? '' : ` (${known.join(', ')})`}`
}

const publicIds = /CVE-\d{4}-\d+|GHSA(?:-[0-9a-z]{4}){3}/g
