/** Debian's Apache on a free port, set up as config/applications.md says. */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writePrograms } from './cgi.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { recipe } from './page.ts'

export const apachePath = '/usr/sbin/apache2'

const modules = [
  ...['mpm_prefork', 'authz_core', 'authz_host', 'alias', 'cgi', 'env', 'setenvif', 'headers'],
  ...['dav', 'dav_fs', 'dav_lock', 'mime'],
]

/** Serves the CGI programs of the section on CGI, and files by the section on WebDAV. */
export function startApache(): Promise<Daemon> {
  return startDaemon(async ({ folder, port }) => {
    const programs = await writePrograms(folder)
    for (const name of ['files', 'locks']) {
      await mkdir(join(folder, name))
      await chmod(join(folder, name), 0o777)
    }
    const file = join(folder, 'apache2.conf')
    const cgi = recipe('Apache with CGI programs', 'apache', {
      '127.0.0.1:8081': `127.0.0.1:${port}`,
      '/usr/lib/cgi-bin/': `${programs}/`,
    })
    const dav = recipe('WebDAV in Apache', 'apache', {
      '/srv/files': join(folder, 'files'),
      '/var/lib/apache2/locks': join(folder, 'locks'),
    })
    await writeFile(file, `${base(folder)}\n${dav}\n${cgi}`)
    return { program: apachePath, arguments: ['-d', folder, '-f', file, '-D', 'FOREGROUND'] }
  })
}

/** What Debian's own configuration says elsewhere, made small. Escaped slashes are decoded: the most that Apache can fold. */
const base = (folder: string) => `ServerName application.internal
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
${process.getuid?.() === 0 ? 'User nobody\nGroup nogroup' : ''}
PidFile ${folder}/pid
Mutex file:${folder} default
ErrorLog /dev/null
DocumentRoot ${folder}/files
TypesConfig /dev/null
StartServers 2
MinSpareServers 1
MaxSpareServers 4
MaxRequestWorkers 8
AllowEncodedSlashes On
`
