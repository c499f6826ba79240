/** Settings that are right, and yet worth saying aloud: each gives up a protection, and somebody should have meant it. */
import type { Gateway } from '../core/gateway.ts'
import { isEmbeddable } from '../core/request/cross-site.ts'

export interface Warning {
  readonly tenant: string
  /** Where it is set. */
  readonly setting: string
  readonly message: string
}

/** What `check` prints, and the log says at a start and when it changes. */
export function warningsOf({ tenants }: Gateway): readonly Warning[] {
  return tenants.filter(isEmbeddable).map(({ name, embeddedBy }) => ({
    tenant: name,
    setting: 'cookie.sameSite',
    message: `browsers send the session\u2019s cookie from other sites; pages of ${embeddedBy.join(', ')} may show the application`,
  }))
}
