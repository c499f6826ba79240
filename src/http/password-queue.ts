/**
 * One password is looked at at a time, and few wait: each takes a third of a second of a core and 128 MB, and whoever
 * guesses must not take both from the people who are signed in (T54, T88).
 */

/** `busy`: too many are waiting; it was not looked at. */
export type Looked = 'right' | 'wrong' | 'busy'

/**
 * @param tooMany counts the guess and says after how many seconds to come again, or null; asked only where there is room,
 * so that a crowd that is not looked at counts for nothing.
 */
export type PasswordQueue = (
  password: string,
  hash: string | null,
  tooMany: () => Promise<number | null>,
) => Promise<Looked | { readonly wait: number }>

const mostWaiting = 8

/** @param isPassword takes its time. */
export function createPasswordQueue(
  isPassword: (password: string, hash: string | null) => Promise<boolean>,
): PasswordQueue {
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()

  return async function look(password, hash, tooMany) {
    if (waiting >= mostWaiting) return 'busy'
    waiting += 1
    try {
      const wait = await tooMany()
      if (wait !== null) return { wait }
      const turn = last.then(() => isPassword(password, hash))
      last = turn.catch(() => {})
      return (await turn) ? 'right' : 'wrong'
    } finally {
      waiting -= 1
    }
  }
}
