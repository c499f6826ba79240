/** Servers that say what they take a path for: nginx, Apache and Node as they are, Tomcat and IIS as resolvers.ts has them. */
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { apachePath } from '../applications/apache.ts'
import { startDaemon } from '../applications/daemon.ts'
import type { WireAnswer } from '../http/wire.ts'
import { startNginx } from '../nginx.ts'
import { type Resolved, type Resolver, resolveLikeIis, resolveLikeNode, resolveLikeTomcat } from './resolvers.ts'
import type { Served } from './route-tables.ts'

export const serverKinds = ['nginx', 'apache', 'node', 'tomcat', 'iis'] as const
export type ServerKind = (typeof serverKinds)[number]

export interface ReadingServer {
  readonly origin: string
  stop(): Promise<void>
}

/** Each answers everything with `X-Resolved`: the host that it was asked for, the method, and what it makes of the path. */
export const startReadingServer: Readonly<Record<ServerKind, () => Promise<ReadingServer>>> = {
  async nginx() {
    const { port, stop } = await startNginx(
      `location / { add_header X-Resolved "$host $request_method $uri" always; return 200 'read'; }`,
    )
    return { origin: `http://127.0.0.1:${port}`, stop }
  },
  apache: startReadingApache,
  node: () => startResolving(resolveLikeNode),
  tomcat: () => startResolving(resolveLikeTomcat),
  iis: () => startResolving(resolveLikeIis),
}

/** What a server has said of itself in an answer; null for an answer that is none of its own, or where it refused the path. */
export function servedBy(kind: ServerKind, answer: WireAnswer | null): Served | null {
  const said = /^x-resolved: (\S+) (\S+) (.*)$/im.exec(answer?.head ?? '')
  if (said === null) return null
  const [, application = '', method = '', what = ''] = said
  return { application, method, readings: readingsOf(kind, what) }
}

function readingsOf(kind: ServerKind, what: string): readonly Resolved[] {
  if (kind !== 'nginx' && kind !== 'apache') return JSON.parse(decodeURIComponent(what)) as readonly Resolved[]
  return [{ path: Buffer.from(what, 'latin1').toString('utf8'), foldsCase: false }]
}

async function startResolving(resolve: Resolver): Promise<ReadingServer> {
  const server = createServer((request, response) => {
    const { host = '', 'content-length': length } = request.headers
    const readings = encodeURIComponent(JSON.stringify(resolve(request.url ?? '')))
    response.setHeader('X-Resolved', `${host} ${request.method} ${readings}`)
    request.resume().on('end', () => response.end(length === undefined ? 'read' : 'read with a body'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Debian's Apache with nothing but this; escaped slashes are decoded, which is the most that it can fold. */
async function startReadingApache(): Promise<ReadingServer> {
  const daemon = await startDaemon(async ({ folder, port }) => {
    await mkdir(join(folder, 'files'))
    const modules = ['mpm_prefork', 'authz_core', 'headers', 'setenvif']
    const file = join(folder, 'apache2.conf')
    await writeFile(
      file,
      `Listen 127.0.0.1:${port}
ServerName application.internal
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
${process.getuid?.() === 0 ? 'User nobody\nGroup nogroup' : ''}
PidFile ${folder}/pid
Mutex file:${folder} default
ErrorLog /dev/null
DocumentRoot ${folder}/files
StartServers 2
MaxRequestWorkers 64
ServerLimit 64
KeepAliveTimeout 60
MaxKeepAliveRequests 0
AllowEncodedSlashes On
Header always set X-Resolved "expr=%{HTTP_HOST} %{REQUEST_METHOD} %{REQUEST_URI}"
`,
    )
    return { program: apachePath, arguments: ['-d', folder, '-f', file, '-D', 'FOREGROUND'] }
  })
  return { origin: daemon.origin, stop: daemon.stop }
}
