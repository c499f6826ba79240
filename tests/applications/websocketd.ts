/** Debian's websocketd on a free port, started as config/applications.md says, around a program that greets and repeats. */
import { existsSync, readFileSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Daemon, startDaemon } from './daemon.ts'
import { recipe } from './page.ts'

export const websocketdPath = '/usr/bin/websocketd'

/** Says who is connected, then what is typed; and leaves a trace of when it begins and ends. */
const program = (folder: string) => `#!/bin/sh
echo >> ${folder}/begun
trap 'echo >> ${folder}/ended' EXIT
echo "You are \${HTTP_X_REMOTE_USER:-nobody}."
env | grep -c forged
echo "Proxy: $HTTP_PROXY"
while read -r line; do echo "$HTTP_X_REMOTE_USER: $line"; done
`

export function startWebsocketd(): Promise<Daemon> {
  return startDaemon(async ({ folder, port }) => {
    const hello = join(folder, 'hello')
    await writeFile(hello, program(folder))
    await chmod(hello, 0o755)
    const command = recipe('websocketd', 'sh', { '=8082': `=${port}`, '/srv/websocket/hello': hello })
    const [, ...words] = command.trim().split(' ')
    return { program: websocketdPath, arguments: words }
  })
}

/** How many programs have begun or ended so far. */
export function programs(what: 'begun' | 'ended', { folder }: Daemon): number {
  const file = join(folder, what)
  return existsSync(file) ? readFileSync(file, 'utf8').length : 0
}
