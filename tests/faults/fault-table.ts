/** The table of faults, for people and for SECURITY.md. */
import type { Ran } from './run-fault.ts'

const heads = ['Fault', 'Sent', 'As it should be', 'Lost', 'Wrongly let in', 'Wrongly logged out']

function cells({ what, sent, right, lost, letIn, loggedOut, forgiven }: Ran): readonly string[] {
  const told = forgiven === 0 ? what : `${what} (${forgiven} requests)`
  return [told, ...[sent, right, lost, letIn, loggedOut].map((each) => each.toLocaleString('en'))]
}

export function printed(ran: readonly Ran[]): string {
  const rows = [heads, ...ran.map(cells)]
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('   ')
  return rows.map(line).join('\n')
}
