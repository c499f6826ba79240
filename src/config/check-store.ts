/** Rules across the keys of the session store. */
import type { IsWritten } from './check-provider.ts'
import type { Finding, Path } from './issues.ts'
import type { SettingsDraft } from './main-file.ts'
import { readAddress } from './values.ts'

const path = ['session', 'store'] as const
const places = ['url', 'sentinel', 'cluster'] as const

/** One place where Redis is, and nothing without effect. */
export function checkStore({ session }: SettingsDraft, isWritten: IsWritten): readonly Finding[] {
  const { store } = session ?? {}
  if (store?.type !== 'redis') return []
  const [first, ...others] = places.filter((key) => isWritten([...path, key]))
  const findings: Finding[] = others.map((key) => ({
    ...{ path: [...path, key], at: 'key' as const, found: null },
    message: `there is \`${first}\` already: sessions are in one place`,
  }))
  if (first === undefined) {
    findings.push({ path: [...path], found: null, message: `one of these is required: ${places.join(', ')}` })
  }
  const url = store.url?.reveal()
  if (url?.startsWith('redis:') === true && isWritten([...path, 'tls'])) {
    const message = 'the URL is not encrypted, so this has no effect: write rediss://'
    findings.push({ path: [...path, 'tls'], at: 'key', found: null, message })
  }
  for (const key of ['sentinel', 'cluster'] as const) {
    findings.push(...checkNames(store[key]?.natMap, [...path, key, 'natMap']))
  }
  return findings
}

/** Names are keys here, which the schema does not look at. */
function checkNames(natMap: object | undefined, at: Path): readonly Finding[] {
  return Object.keys(natMap ?? {}).flatMap((key) => {
    const read = readAddress(key)
    return 'problem' in read ? [{ path: [...at, key], at: 'key' as const, message: read.problem }] : []
  })
}
