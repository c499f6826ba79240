/** Starts Debian's nginx without privileges, on a free port, with its files in a directory that goes when it stops. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const nginxPath = '/usr/sbin/nginx'

export interface Nginx {
  readonly port: number
  stop(): Promise<void>
}

/**
 * @param locations what stands inside the `server` block. `$folder` in it becomes the directory of this nginx.
 * @param files by name, written into that directory.
 * @param around what stands beside the `server` block, such as an `upstream`.
 */
export async function startNginx(
  locations: string,
  files: Readonly<Record<string, string>> = {},
  around = '',
): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'nginx-'))
  const port = await freePort()
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  await writeFile(join(folder, 'nginx.conf'), configuration(port, locations, around).replaceAll('$folder', folder))
  const nginx = spawn(nginxPath, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  nginx.stderr.on('data', (text) => {
    said += text
  })
  const deadline = Date.now() + 10_000
  while (!(await answers(port))) {
    if (nginx.exitCode !== null || Date.now() > deadline) throw new Error(`nginx does not start: ${said}`)
  }
  return {
    port,
    async stop() {
      nginx.kill('SIGTERM')
      if (nginx.exitCode === null) await once(nginx, 'exit')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function configuration(port: number, locations: string, around: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path $folder/${name};`,
  )
  return `daemon off; master_process off; pid $folder/pid; error_log stderr crit;
events { worker_connections 256; }
http { access_log off; root $folder; default_type text/plain; ${temporary.join(' ')}
${around}
server { listen 127.0.0.1:${port}; ${locations} } }`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return false
  } finally {
    socket.destroy()
  }
}
