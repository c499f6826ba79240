/** Debian's nginx with fcgiwrap, which runs CGI programs for it, set up as config/applications.md says. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNginx } from '../nginx.ts'
import { writePrograms } from './cgi.ts'
import { listens, startProcess } from './daemon.ts'
import { recipe } from './page.ts'

export const fcgiwrapPath = '/usr/sbin/fcgiwrap'

/** @param further directives beside those of the page, such as `underscores_in_headers on;`. */
export async function startNginxCgi(further = '') {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-application-'))
  const programs = await writePrograms(folder)
  const path = join(folder, 'fcgiwrap.socket')
  const wrapper = startProcess({ program: fcgiwrapPath, arguments: ['-s', `unix:${path}`, '-f'] })
  await wrapper.ready(() => listens({ path }))
  const locations = recipe('nginx with CGI programs', 'nginx', {
    '/usr/lib/cgi-bin': programs,
    '/run/fcgiwrap.socket': path,
  })
  const nginx = await startNginx(`${further}\n${locations}`)
  return {
    origin: `http://127.0.0.1:${nginx.port}`,
    async stop() {
      await nginx.stop()
      await wrapper.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
