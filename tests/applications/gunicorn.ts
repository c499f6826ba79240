/** Debian's Gunicorn on a free port, with the wrapper of config/applications.md around a program that shows what arrived. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Daemon, startDaemon } from './daemon.ts'
import { recipe } from './page.ts'

export const gunicornPath = '/usr/bin/gunicorn'

/** As the CGI program of cgi.ts; what WSGI keeps as objects is not shown. */
const program = `import hashlib

def show(environ, start_response):
    area = 'administrators' if (environ['PATH_INFO'].lower() + '/').startswith('/admin/') else 'everybody'
    digest = hashlib.sha256(environ['wsgi.input'].read()).hexdigest()
    shown = dict((name, value) for name, value in environ.items() if isinstance(value, str))
    shown['REQUEST_URI'] = environ['RAW_URI'].split('?')[0]
    lines = ['AREA=' + area, 'INPUT=' + digest] + [name + '=' + value for name, value in shown.items()]
    start_response('200 OK', [('Content-Type', 'application/octet-stream')])
    return [''.join(line + '\\0' for line in lines).encode('latin-1')]
`

export function startGunicorn(): Promise<Daemon> {
  return startDaemon(async ({ folder, port }) => {
    await writeFile(join(folder, 'reports.py'), `${program}\n${recipe('Gunicorn', 'python')}`)
    const command = recipe('Gunicorn', 'sh', { '127.0.0.1:8000': `127.0.0.1:${port}` })
    const [, ...words] = command.trim().split(' ')
    return { program: gunicornPath, arguments: ['--chdir', folder, '--worker-tmp-dir', folder, ...words] }
  })
}
