/** ttyd on a free port, started as config/applications.md says, around a shell that greets. */
import { existsSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Daemon, startDaemon } from './daemon.ts'
import { recipe } from './page.ts'

/** Where Debian's package puts it, unless somebody has it elsewhere. */
const ttydPath = process.env.SALLYPORT_TESTS_TTYD ?? '/usr/bin/ttyd'

/** Debian 12 and 13 have no package of it, so that not even CI can be asked to have it. */
export function ttydMissing(): boolean {
  if (existsSync(ttydPath)) return false
  console.warn(`SKIPPED: tests with ttyd, because ${ttydPath} is missing (Debian 12 and 13 have no package of it)`)
  return true
}

/** Asks for a line and repeats it; leaves when it has heard `exit`. */
const program = `#!/bin/sh
echo "You are \${TTYD_USER:-nobody}."
while read -r line; do
  test "$line" = exit && break
  echo "$TTYD_USER said $line"
done
`

/** The terminal writes its text into the page, where tests can read it, and asks nothing when the page is left. */
const readable = ['-t', 'rendererType=dom', '-t', 'disableLeaveAlert=true', '-t', 'disableReconnect=true']

export function startTtyd(): Promise<Daemon> {
  return startDaemon(async ({ folder, port }) => {
    const login = join(folder, 'login')
    await writeFile(login, program)
    await chmod(login, 0o755)
    const command = recipe('ttyd', 'sh', { '--port 7681': `--port ${port}`, '/srv/terminal/login': login })
    const [, ...words] = command.trim().split(' ')
    return { program: ttydPath, arguments: [...readable, ...words] }
  })
}
