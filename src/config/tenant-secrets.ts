/** What a tenant file may refer to: its own secrets, and nothing else of the machine (T125). */
import { realpathSync } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import type { Files } from './files.ts'
import { printable } from './issues.ts'
import type { Environment, Place, Surroundings } from './references.ts'

/** @param folders of `tenantFiles.secrets`; the first that has what is asked for. */
export function tenantSurroundings(
  tenant: string,
  { env, folders, files }: { readonly env: Environment; readonly folders: readonly string[]; readonly files: Files },
): Surroundings {
  const prefix = variablePrefix(tenant)
  return {
    variable(name) {
      // `a` must not reach what belongs to `a-b`: there, the name goes on with a further underscore.
      const own = name.startsWith(prefix) && !name.startsWith(`${prefix}_`)
      return own
        ? { value: env[name] }
        : { problem: `in this file only variables that begin with ${prefix} can be named` }
    },
    locate: (path) => locate(tenant, path, { folders, files }),
    files,
  }
}

/** How what is the tenant's own is written. */
export function tenantReferenceForms(tenant: string): string {
  const prefix = variablePrefix(tenant)
  return `a file of the tenant\u2019s own, such as \${file:client-secret}, or \${env:${prefix}NAME}`
}

/** `time-sheets` → `TENANT_TIME__SHEETS_`: a hyphen is two underscores, so that no name is the beginning of another. */
export function variablePrefix(tenant: string): string {
  return `TENANT_${tenant.toUpperCase().replaceAll('-', '__')}_`
}

function locate(
  tenant: string,
  path: string,
  { folders, files }: { readonly folders: readonly string[]; readonly files: Files },
): Place | { readonly problem: string } {
  if (folders.length === 0) return { problem: 'in this file no file can be named: `tenantFiles.secrets` is not set' }
  if (path.startsWith('/') || path.split('/').some((step) => step === '' || step === '.' || step === '..')) {
    return {
      problem: 'in this file only the tenant\u2019s own secrets can be named, as a plain name such as client-secret',
    }
  }
  const places = folders.flatMap((folder) => [
    { place: join(folder, tenant, path), within: join(folder, tenant) },
    // A Kubernetes Secret has no folders. No tenant's name has a dot, so nobody else's begins like this one.
    ...(path.includes('/') ? [] : [{ place: join(folder, `${tenant}.${path}`), within: null }]),
  ])
  // Asked through `files`, so that what appears later is noticed, wherever it does.
  const found = places.find(({ place }) => files.exists(place))
  if (found === undefined) {
    const all = folders.map((folder) => printable(folder, 200)).join(', ')
    return { place: places[0]?.place ?? '', sought: `; looked for as ${tenant}/… and ${tenant}.… in ${all}` }
  }
  const real = ownPlace(found.place, found.within)
  return real === null ? { problem: `${printable(path)} leads out of the tenant\u2019s own secrets` } : { place: real }
}

/**
 * Whoever may write into the folder of a tenant could put a link to somebody else's secret there.
 * @returns where the links end, which is then what is read; null where that is elsewhere.
 */
function ownPlace(place: string, within: string | null): string | null {
  try {
    const real = realpathSync(place)
    if (within !== null) return real.startsWith(realpathSync(within) + sep) ? real : null
    const isBeside = real.startsWith(realpathSync(dirname(place)) + sep) && basename(real) === basename(place)
    return isBeside ? real : null
  } catch {
    return null
  }
}
