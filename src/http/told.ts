/** What the provider said when it said no, for the people who help, and what that means. */
import type { Tenant } from '../core/gateway.ts'
import { readCode, signInError } from '../core/identity/sign-in-error.ts'
import { helpAddress } from '../core/request/addresses.ts'
import type { ProviderError } from '../oidc/redeem.ts'
import type { LogFields } from '../ops/log.ts'
import type { Occasion } from './outcome-page.ts'

/** The part of a page. */
export function told(tenant: Tenant, said: ProviderError | null): Pick<Occasion, 'details' | 'explained'> {
  if (said === null) return {}
  const code = said.code === null ? null : readCode(said.code)
  const rows: readonly (readonly [string, string | null])[] = [
    ['Provider code', said.code ?? said.error],
    ['Trace ID', said.traceId],
    ['Correlation ID', said.correlationId],
    ['Time', said.timestamp],
    ['Explained at', code === null ? null : tenant.publicUrl.origin + helpAddress(code)],
  ]
  return {
    details: rows.flatMap(([label, value]) => (value === null ? [] : [{ label, value }])),
    explained: code === null ? null : signInError(code),
  }
}

/** The part of a log line. */
export function toldInLog(said: ProviderError | null): LogFields {
  return {
    providerError: said?.error,
    providerCode: said?.code,
    traceId: said?.traceId,
    correlationId: said?.correlationId,
  }
}
