/** Rules across the keys of one provider, shared or a tenant's own. */
import type { Finding, Path } from './issues.ts'
import type { Salvaged } from './salvage.ts'
import type { ProviderDocument } from './schema.ts'

/** Whether a key is written in the file, other than filled in by its default. */
export type IsWritten = (path: Path) => boolean

/** What must be there once people are to sign in; before that, `urls` prints what to register. */
export function checkProvider(
  provider: Salvaged<ProviderDocument>,
  path: Path,
  isWritten: IsWritten,
): readonly Finding[] {
  if (provider?.enabled !== true) return []
  const message = 'this is required, unless the provider has `enabled: false`'
  const missing = ['clientId', 'credential'].filter((key) => !isWritten([...path, key]))
  return missing.map((key) => ({ path: [...path, key], found: null, message }))
}
