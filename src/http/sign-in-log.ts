/** What the log says of somebody who has signed in, or whose account was refused: ids, what they gave, the rule. */
import type { Provider } from '../core/gateway.ts'
import { resolveRoles } from '../core/identity/roles.ts'
import type { SessionFacts } from '../core/identity/session.ts'
import type { LogFields } from '../ops/log.ts'
import type { Walk } from './walk.ts'

/** @param read what of the provider's answer the session does not keep. */
export function signedInFields(
  { tenant, requestId, facts }: Walk,
  stated: SessionFacts,
  read: { readonly unnamedGroups: number | null; readonly dropped: readonly string[] },
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
    groupsFrom: read.unnamedGroups === null ? 'graph' : undefined,
    droppedClaims: read.dropped.length === 0 ? undefined : read.dropped,
  }
}

/** @param refused the rule; and whose account it was, as far as that is known. */
export function refusedFields(
  { tenant, requestId }: Walk,
  from: Provider,
  refused: { readonly detail: string; readonly directoryId?: string | undefined; readonly objectId?: string },
): LogFields {
  const { detail, directoryId, objectId } = refused
  return { requestId, tenant: tenant.name, provider: from.name, directoryId, objectId, detail }
}
