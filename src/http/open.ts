/** Opens a server at an address, or says in one sentence why that cannot be. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Address } from '../core/gateway.ts'

/** @returns the port, which matters where 0 was asked for. @throws Error that names the address, for whoever started us. */
export async function open(server: Server, { host, port }: Address): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) =>
      reject(new Error(`cannot listen on ${host}:${port}: ${reasons[cause.code ?? ''] ?? cause.message}`, { cause }))
    server.once('error', failed)
    server.listen({ host, port }, () => {
      server.off('error', failed)
      resolve()
    })
  })
  return (server.address() as AddressInfo).port
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is already in use',
  EACCES: 'permission denied (ports below 1024 need it)',
  EADDRNOTAVAIL: 'this machine has no such address',
}
