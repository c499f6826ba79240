/** How a command tells of a configuration with issues: all of them on standard error, and exit code 2. */
import { ConfigError } from '../config/issues.ts'

/** Runs the work of a command; anything but a ConfigError goes on to the caller. */
export async function reportIssues(options: { readonly json: boolean }, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.exitCode = 2
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ ok: false, ...error.toJSON() }, null, 2)}\n`)
      return
    }
    const count = error.issues.length
    process.stderr.write(`${error.message}\n${count} ${count === 1 ? 'issue' : 'issues'}\n`)
  }
}
