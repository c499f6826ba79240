/** Rules across the keys of `cookie`: who may frame the application is said, and only where that has an effect. */
import type { IsWritten } from './check-provider.ts'
import type { Finding } from './issues.ts'
import type { TenantDraft } from './salvage.ts'

/** To be shown by anybody would be to be clicked on by anybody. */
export function checkCookie({ cookie }: TenantDraft, isWritten: IsWritten): readonly Finding[] {
  const { sameSite, embeddedBy } = cookie ?? {}
  if (sameSite === 'none' && embeddedBy?.length === 0) {
    const message = 'with `sameSite: none`, `embeddedBy` must say whose pages may show the application'
    return [{ path: ['cookie', 'sameSite'], message }]
  }
  if (sameSite !== 'lax' || !isWritten(['cookie', 'embeddedBy']) || embeddedBy?.length === 0) return []
  return [
    {
      ...{ path: ['cookie', 'embeddedBy'], at: 'key', found: null },
      message: 'without `sameSite: none` this has no effect',
    },
  ]
}
