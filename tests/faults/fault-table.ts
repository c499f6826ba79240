/** The table of faults: for people at a terminal, and for SECURITY.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { replaceBlock } from '../../src/config/tables.ts'
import type { Ran } from './run-fault.ts'

const heads = ['What happens', 'Sent', 'As it should be', 'Lost', 'Wrongly let in', 'Wrongly logged out']
const security = new URL('../../SECURITY.md', import.meta.url)

function cells({ what, sent, right, lost, letIn, loggedOut, forgiven }: Ran): readonly string[] {
  const told = forgiven === 0 ? what : `${what} (${forgiven.toLocaleString('en')} requests)`
  return [told, ...[sent, right, lost, letIn, loggedOut].map((each) => each.toLocaleString('en'))]
}

export function printed(ran: readonly Ran[]): string {
  const rows = [heads, ...ran.map(cells)]
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('   ')
  return rows.map(line).join('\n')
}

/** Puts the figures of a whole run where people read what is promised. */
export function writeTable(ran: readonly Ran[]): void {
  const rows = [heads, ['---', ...heads.slice(1).map(() => '---:')], ...ran.map(cells)]
  const table = rows.map((row) => `| ${row.join(' | ')} |`).join('\n')
  writeFileSync(security, replaceBlock(readFileSync(security, 'utf8'), 'faults', table))
}
