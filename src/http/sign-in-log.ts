/** What the log says of somebody who has signed in: ids, and what they gave. */
import { resolveRoles } from '../core/identity/roles.ts'
import type { SessionFacts } from '../core/identity/session.ts'
import type { LogFields } from '../ops/log.ts'
import type { Walk } from './walk.ts'

/** @param read what of the provider's answer the session does not keep. */
export function signedInFields(
  { tenant, requestId, facts }: Walk,
  stated: SessionFacts,
  read: { readonly unnamedGroups: number; readonly dropped: readonly string[] },
): LogFields {
  const { roles, matched, admitted } = resolveRoles(tenant, { facts: stated, version: 1 })
  const contexts = Object.keys(stated.contexts)
  return {
    requestId,
    tenant: tenant.name,
    provider: stated.provider,
    directoryId: stated.directoryId,
    objectId: stated.objectId,
    callerAddress: facts.callerAddress,
    ...{ roles, matched, admitted },
    contexts: contexts.length === 0 ? undefined : contexts,
    unnamedGroups: read.unnamedGroups,
    droppedClaims: read.dropped.length === 0 ? undefined : read.dropped,
  }
}
