/** Sessions of open WebSockets: nothing asks for them again, so a timer does, as requests would. */
import { Fault } from '../core/fault.ts'
import type { Tenant } from '../core/gateway.ts'
import type { Session } from '../core/identity/session.ts'
import type { Log } from '../ops/log.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Revalidation } from './revalidation.ts'

export interface OpenSockets {
  /**
   * Calls back each time the session is another than before: its new form, or null when it may not be used any more.
   * @param tenant as the configuration in force has it; null where it has none.
   * @returns the way out.
   */
  follow(session: Session, tenant: () => Tenant | null, onNews: (session: Session | null) => void): () => void
  close(): void
}

export interface OpenSocketsParts {
  readonly sessions: Pick<Sessions, 'current'>
  readonly revalidation: Revalidation
  readonly log: Log
  /** How often they are looked at, in milliseconds. */
  readonly interval?: number
}

interface Followed {
  session: Session
  readonly tenant: () => Tenant | null
  readonly onNews: (session: Session | null) => void
}

/** Looked at together: each may wait for a provider. */
const mostAtOnce = 20
/** Nobody is behind it who could be redirected. */
const asUpgrade = { kind: 'upgrade', method: 'GET' } as const

export function createOpenSockets({ sessions, revalidation, log, interval = 5_000 }: OpenSocketsParts): OpenSockets {
  const followed = new Set<Followed>()
  let looking = false

  async function look(each: Followed): Promise<void> {
    const tenant = each.tenant()
    if (tenant === null) return
    const now = await sessionNow(each.session, tenant)
    if (now === each.session || !followed.has(each)) return
    if (now !== null) each.session = now
    each.onNews(now)
  }

  async function sessionNow(session: Session, tenant: Tenant): Promise<Session | null> {
    try {
      const current = await sessions.current(session)
      const confirmed = current === null ? null : await revalidation.confirm(tenant, current, asUpgrade)
      return confirmed !== null && 'facts' in confirmed ? confirmed : null
    } catch (error) {
      // Nobody can say that it goes on, for longer than the grace; and where we have a defect, nobody can say anything.
      if (!(error instanceof Fault)) log.error('revalidation_failed', { tenant: tenant.name, error })
      return null
    }
  }

  async function lookAtAll(): Promise<void> {
    if (looking) return
    looking = true
    try {
      const all = [...followed]
      for (let at = 0; at < all.length; at += mostAtOnce) await Promise.all(all.slice(at, at + mostAtOnce).map(look))
    } catch (error) {
      log.error('revalidation_failed', { error })
    } finally {
      looking = false
    }
  }

  const timer = setInterval(() => void lookAtAll(), interval).unref()

  return {
    follow(session, tenant, onNews) {
      const entry = { session, tenant, onNews }
      followed.add(entry)
      return () => followed.delete(entry)
    },
    close() {
      clearInterval(timer)
      followed.clear()
    },
  }
}
