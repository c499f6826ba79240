/** Turns the name of an upstream into addresses; a name that leads to where no application lives is no upstream. */
import { type LookupAddress, lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { isMetadataHost } from '../ops/metadata-addresses.ts'

/** The system's own resolver, or what stands in for it. */
export type Resolve = typeof lookup

/** Whoever may name an upstream may also decide what its name resolves to: the configuration's own check sees only the name (T125). */
export function guardedLookup(resolve: Resolve = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, options, (error, found, family) => {
      const addresses = typeof found === 'string' ? [found] : (found as LookupAddress[] | undefined)?.map(addressOf)
      if (error === null && addresses?.some(isMetadataHost)) return callback(refused(hostname), found, family)
      callback(error, found, family)
    })
  }
}

function addressOf({ address }: LookupAddress): string {
  return address
}

function refused(hostname: string): NodeJS.ErrnoException {
  const message = `${hostname} resolves to a link-local or metadata address, which no application has`
  return Object.assign(new Error(message), { code: 'EACCES' })
}
