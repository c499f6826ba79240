/** A test that carries out an attack of the catalogue, named after its number, mechanism and public ids. */
import { test } from 'vitest'
import { type ThreatId, threats } from './catalogue.ts'

/**
 * @param what a part of a sentence whose subject is the attack: what was tried, and what the gateway did.
 * @param carryOut against a running gateway, over a socket; fails where anything gets through.
 */
export function attack(id: ThreatId, what: string, carryOut: () => Promise<void> | void): void {
  const { mechanism, seenIn } = threats[id]
  const known = seenIn.match(publicIds) ?? []
  test(`${id} ${mechanism}${known.length === 0 ? '' : ` (${known.join(', ')})`}: ${what}`, carryOut)
}

const publicIds = /CVE-\d{4}-\d+|GHSA(?:-[0-9a-z]{4}){3}/g
