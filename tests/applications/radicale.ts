/** Debian's Radicale on a free port, with the configuration of config/applications.md. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Daemon, startDaemon } from './daemon.ts'
import { recipe } from './page.ts'

export const radicalePath = '/usr/bin/radicale'

export function startRadicale(): Promise<Daemon> {
  return startDaemon(async ({ folder, port }) => {
    const file = join(folder, 'config')
    const configuration = recipe('Radicale', 'ini', {
      '127.0.0.1:5232': `127.0.0.1:${port}`,
      '/var/lib/radicale/collections': join(folder, 'collections'),
    })
    await writeFile(file, configuration)
    return { program: radicalePath, arguments: ['--config', file] }
  })
}
