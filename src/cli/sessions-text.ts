/** Sessions as people read them: ids of people, never of sessions. */
import { howMany } from './whose-sessions.ts'

/** Times in ISO 8601. */
export interface Listed {
  readonly directoryId: string
  readonly objectId: string
  readonly tenant: string
  readonly provider: string
  readonly startedAt: string
  /** When the provider last vouched for the person, as far as the session's stub knows. */
  readonly checkedAt: string
}

export function sessionsText(sessions: readonly Listed[]): string {
  const rows = sessions.map(({ directoryId, objectId, tenant, provider, startedAt, checkedAt }) => [
    ...[minute(startedAt), minute(checkedAt), tenant, provider, `${directoryId}/${objectId}`],
  ])
  const head = ['SIGNED IN', 'LAST CHECKED', 'TENANT', 'PROVIDER', 'PERSON']
  const widths = head.map((title, column) =>
    rows.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), title.length),
  )
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  const lines = sessions.length === 0 ? [] : [head, ...rows].map((row) => line(row).trimEnd())
  return `${[...lines, howMany(sessions.length)].join('\n')}\n`
}

/** `2026-01-15 09:24Z`. */
function minute(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 16)}Z`
}
