/** What became of the requests of a run, one line for each kind; and what must never be. */

/** How an answer is counted. `lost`: neither as it should be, nor one of the two that must never happen. */
export type Verdict = 'right' | 'lost' | 'let-in' | 'logged-out'

export interface Sums {
  readonly sent: number
  readonly right: number
  readonly lost: number
  readonly letIn: number
  readonly loggedOut: number
}

export interface Account extends Sums {
  /** How often each kind of request ended how, for whoever looks for a cause. */
  readonly details: readonly string[]
}

export interface Counting {
  count(kind: string, ended: string, verdict: Verdict): void
  account(): Account
}

/** Tries to keep apart what happened; details are bounded by the few words that outcomes have. */
export function createCounting(): Counting {
  const sums = { right: 0, lost: 0, 'let-in': 0, 'logged-out': 0 }
  const details = new Map<string, number>()
  return {
    count(kind, ended, verdict) {
      sums[verdict] += 1
      const what = `${verdict}: ${kind} ${ended}`
      details.set(what, (details.get(what) ?? 0) + 1)
    },
    account() {
      const { right, lost } = sums
      const [letIn, loggedOut] = [sums['let-in'], sums['logged-out']]
      const sorted = [...details].sort(([, a], [, b]) => b - a).map(([what, times]) => `${times} × ${what}`)
      return { sent: right + lost + letIn + loggedOut, right, lost, letIn, loggedOut, details: sorted }
    },
  }
}
