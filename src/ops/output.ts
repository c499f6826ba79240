/** Where log lines go: a file descriptor that may be full, slow or closed. A line that cannot be written is lost and counted; the gateway goes on. */
import { writeSync } from 'node:fs'

export interface Output {
  /** Never throws. */
  write(line: string): void
  /** How many lines could not be written so far. */
  lost(): number
}

/** How often, and how long each time, a reader that is behind is waited for, in milliseconds. */
const [attempts, pause] = [20, 5]
const cell = new Int32Array(new SharedArrayBuffer(4))

/**
 * Writes at once, so that nothing is lost with the process. When lines can be written again after some were lost, a line
 * says how many. A reader that is far behind is waited for once, not again for every line: requests are waiting too.
 * @param fd 1 is standard output. What became of it is said once on `complaints`, standard error.
 */
export function createOutput(fd: number, complaints = 2): Output {
  let lost = 0
  /** Since the last line that was written; null while all is well. */
  let trouble: { lines: number; readonly cause: string } | null = null
  /** A line was broken off in the middle. */
  let broken = false

  /** @throws what the system says. */
  function put(text: string): void {
    let left = Buffer.from(text)
    for (let attempt = 1; left.length > 0; ) {
      try {
        left = left.subarray(writeSync(fd, left))
        broken = left.length > 0
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN' || trouble !== null || attempt === attempts) throw error
        attempt += 1
        Atomics.wait(cell, 0, 0, pause)
      }
    }
  }

  function drop(error: unknown): void {
    lost += 1
    if (trouble !== null) {
      trouble.lines += 1
      return
    }
    trouble = { lines: 1, cause: codeOf(error) }
    try {
      writeSync(complaints, `the log cannot be written (${trouble.cause}); the gateway goes on without\n`)
    } catch {
      // There is nobody left to tell but the metrics.
    }
  }

  return {
    write(line) {
      try {
        const note = trouble === null ? '' : `${broken ? '\n' : ''}${noteOf(trouble)}\n`
        put(note + line)
        trouble = null
      } catch (error) {
        drop(error)
      }
    },
    lost: () => lost,
  }
}

function noteOf({ lines, cause }: { readonly lines: number; readonly cause: string }): string {
  const time = new Date().toISOString()
  return JSON.stringify({ level: 'error', time, event: 'log_lines_lost', lines, cause })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
}
