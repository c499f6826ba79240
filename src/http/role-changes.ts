/** Tells the log what a provider has changed of what somebody may do. */
import type { Tenant } from '../core/gateway.ts'
import { resolveRoles } from '../core/identity/roles.ts'
import type { Session, SessionFacts } from '../core/identity/session.ts'
import type { Log, LogFields } from '../ops/log.ts'

/** @param facts those that take the place of the session's. */
export function tellRoles(log: Log, tenant: Tenant, session: Session, facts: SessionFacts): void {
  const before = resolveRoles(tenant, session)
  const { roles, matched, admitted } = resolveRoles(tenant, { facts, version: 0 })
  if (before.roles.join() === roles.join() && before.admitted === admitted) return
  log.info('roles_changed', { ...whose(tenant, session), before: before.roles, roles, matched, admitted })
}

/** The fields of a log line about somebody of whom nobody has just asked for anything. */
export function whose({ name }: Tenant, { facts }: Session): LogFields {
  const { provider, directoryId, objectId } = facts
  return { tenant: name, provider, directoryId, objectId }
}
