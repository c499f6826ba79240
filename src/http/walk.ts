/** What the gate found out about a request, handed to whoever answers it. */
import type { ServerResponse } from 'node:http'
import type { Tenant } from '../core/gateway.ts'
import type { Session } from '../core/identity/session.ts'
import type { RequestFacts } from '../core/request/facts.ts'

export interface Walk {
  readonly requestId: string
  readonly facts: RequestFacts
  readonly tenant: Tenant
  /** The live session of this tenant, or null. */
  readonly session: Session | null
  readonly response: ServerResponse
}
