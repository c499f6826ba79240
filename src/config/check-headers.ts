/** Rules across the identity headers of a tenant or a route. */
import { foldName } from '../core/answer/identity-names.ts'
import { presets } from '../core/answer/presets.ts'
import type { IsWritten } from './check-provider.ts'
import type { Finding, Path } from './issues.ts'
import { doubled } from './names.ts'
import type { TenantDraft } from './salvage.ts'
import { headerNameProblem } from './template.ts'

export function checkHeaders(
  headers: NonNullable<TenantDraft['headers']>,
  path: Path,
  isWritten: IsWritten,
): readonly Finding[] {
  const chosen = headers.presets ?? []
  const sent = new Map(
    chosen.flatMap((preset) =>
      preset === undefined ? [] : presets[preset].map(({ name }) => [foldName(name), name] as const),
    ),
  )
  const findings: Finding[] = [
    ...doubled(
      chosen.map((preset, index) => [preset, [...path, 'presets', index]]),
      'this preset is chosen already',
    ),
  ]
  if (headers.presets?.length === 0 && isWritten([...path, 'user'])) {
    findings.push({ path: [...path, 'user'], at: 'key', found: null, message: 'without a preset this has no effect' })
  }
  for (const name of Object.keys(headers.set ?? {})) {
    const at = { path: [...path, 'set', name], at: 'key', found: null } as const
    const problem = headerNameProblem(name)
    const same = sent.get(foldName(name))
    if (problem !== null) findings.push({ ...at, message: problem })
    else if (same !== undefined)
      findings.push({ ...at, message: `to many applications this is the same header as ${same}` })
    else sent.set(foldName(name), name)
  }
  const token = headers.accessToken?.header
  const same = token === undefined ? undefined : sent.get(foldName(token))
  if (same !== undefined) {
    const message = `to many applications this is the same header as ${same}`
    findings.push({ path: [...path, 'accessToken', 'header'], at: 'value', found: null, message })
  }
  return findings
}
