/** The door to Node's own SQLite, without the warning that some versions of Node print when it is opened. */

type Sqlite = typeof import('node:sqlite')
export type Database = InstanceType<Sqlite['DatabaseSync']>

/** SQLite of Node. A dynamic door, because a static import would have warned before anybody can listen. */
export function sqlite(): Sqlite {
  return withoutSqliteWarning(() => process.getBuiltinModule('node:sqlite'))
}

/** Runs the work, in which exactly one warning is not shown: that SQLite is experimental. All others are. */
export function withoutSqliteWarning<Result>(work: () => Result): Result {
  const { emitWarning } = process
  const allOthers = (...args: readonly unknown[]) => {
    if (!/^SQLite is an experimental feature/.test(String(args[0]))) Reflect.apply(emitWarning, process, args)
  }
  process.emitWarning = allOthers
  try {
    return work()
  } finally {
    process.emitWarning = emitWarning
  }
}

/** What SQLite calls an error, without its extension; null for an error that is not of SQLite. */
export function resultCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null
  return error.errcode & 0xff
}

/** https://www.sqlite.org/rescode.html */
export const results = { busy: 5, corrupt: 11, full: 13, notADatabase: 26 } as const
