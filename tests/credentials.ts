/** The way to providers, as `parts.ts` puts it together; and credentials as the compiled model holds them, and what is in them. */
import type { EgressSettings, Provider, SecretCredential } from '../src/core/gateway.ts'
import { Secret } from '../src/core/secret.ts'
import { createCredentials } from '../src/oidc/credential.ts'
import { createCredentialHealth } from '../src/oidc/credential-health.ts'
import type { WayOut } from '../src/oidc/discovery.ts'
import { createEgress } from '../src/oidc/egress.ts'
import { createFederatedToken, type PlatformVariables } from '../src/oidc/federated-token.ts'
import type { Log } from '../src/ops/log.ts'

/** Secrets, the new one first. */
export function secretCredential(...secrets: readonly string[]): SecretCredential {
  return { form: 'secrets', secrets: secrets.map((each) => new Secret(each)), expiresAt: null, sentBy: null }
}

/** The secret that is tried first; undefined where the provider has another kind of credential. */
export function secretOf(provider: Provider | undefined): string | undefined {
  return provider?.credential.form === 'secrets' ? provider.credential.secrets[0]?.reveal() : undefined
}

/** The way out without a proxy. */
export const straight: EgressSettings = { proxy: null, noProxy: [], ca: null }

export interface WayOutOptions {
  readonly log: Log
  /** Those in force. */
  readonly egress?: () => EgressSettings
  readonly env?: PlatformVariables
  /** Seconds since 1970. */
  readonly clock?: () => number
}

export function wayOut({
  log,
  egress: settings = () => straight,
  env = {},
  clock = () => Date.now() / 1_000,
}: WayOutOptions) {
  const egress = createEgress(settings)
  const health = createCredentialHealth({ log, clock })
  const federatedToken = createFederatedToken({ env, ask: egress.direct, clock })
  const credentials = createCredentials({ health, federatedToken })
  return { ask: egress.fetch, credentials, health, close: egress.close } satisfies WayOut & Record<string, unknown>
}
