/** A provider of which only the discovery document and the token endpoint are there: it keeps what it is told, and always refuses. */
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { refreshTokenGrant } from 'openid-client'
import type { Credential, EgressSettings, EntraProvider } from '../../src/core/gateway.ts'
import type { PlatformVariables } from '../../src/oidc/federated-token.ts'
import { createProviders } from '../../src/oidc/provider.ts'
import { createLog } from '../../src/ops/log.ts'
import type { Pair } from '../certificates.ts'
import { straight, wayOut } from '../credentials.ts'

export interface Told {
  readonly form: URLSearchParams
  readonly headers: IncomingHttpHeaders
}

export interface TokenEndpoint {
  readonly provider: (credential: Credential) => EntraProvider
  readonly tokenEndpoint: string
  readonly port: number
  readonly told: readonly Told[]
  /** Takes part as the gateway does, and asks for tokens once. Resolves with the error that comes of it. */
  refresh(provider: EntraProvider): Promise<unknown>
  readonly health: ReturnType<typeof wayOut>['health']
  close(): Promise<void>
}

export interface TokenEndpointOptions {
  readonly env?: PlatformVariables
  readonly egress?: EgressSettings
  /** Its name and certificate; `http://localhost` without. */
  readonly tls?: Pair & { readonly host: string }
  /** In place of the refusal. */
  readonly answer?: RequestListener
  readonly clock?: () => number
}

const tenantId = '11111111-2222-4333-8444-555555555555'
export const clientId = '66666666-7777-4888-9999-000000000000'

export async function startTokenEndpoint(options: TokenEndpointOptions = {}): Promise<TokenEndpoint> {
  const { tls, answer } = options
  const told: Told[] = []
  let origin = ''
  const listener: RequestListener = async (request, response) => {
    const base = `${origin}/${tenantId}`
    if (request.method === 'GET') {
      const endpoints = {
        authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
        token_endpoint: `${base}/oauth2/v2.0/token`,
        jwks_uri: `${base}/discovery/v2.0/keys`,
      }
      return response
        .setHeader('Content-Type', 'application/json')
        .end(JSON.stringify({ issuer: `${base}/v2.0`, ...endpoints }))
    }
    told.push({ form: new URLSearchParams(await text(request)), headers: request.headers })
    if (answer !== undefined) return answer(request, response)
    response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":"invalid_grant"}')
  }
  const server =
    tls === undefined ? createServer(listener) : createSecureServer({ cert: tls.cert, key: tls.key }, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  origin = tls === undefined ? `http://localhost:${port}` : `https://${tls.host}`
  const log = createLog({ level: 'error', destination: { write: () => undefined } })
  const { env = {}, egress = straight, clock = () => Date.now() / 1_000 } = options
  const out = wayOut({ log, env, egress: () => egress, clock })
  const providers = createProviders({ log, ...out })
  return {
    provider: (credential) => ({
      ...{
        kind: 'entra',
        name: 'contoso',
        label: 'contoso',
        emailDomains: [],
        authContexts: {},
        allowedTenantIds: null,
      },
      ...{ clientId, tenantId, authority: origin, credential },
    }),
    tokenEndpoint: `${origin}/${tenantId}/oauth2/v2.0/token`,
    ...{ port, told, health: out.health },
    async refresh(provider) {
      const configuration = await providers.configuration(provider)
      return await refreshTokenGrant(configuration, 'a-refresh-token').catch((error: unknown) => error)
    },
    close: () =>
      new Promise((resolve) => {
        providers.close()
        out.close()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
