/** A provider that is none of ours (npm oidc-provider), with people, a sign-in page, and a hand on its answers. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import Provider, { type Adapter, type AdapterPayload, type Configuration, interactionPolicy } from 'oidc-provider'

type AuthMethod = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'

export interface PlainProviderOptions {
  readonly port: number
  /** Below which path the issuer is; with a slash at its end where it is to have one. */
  readonly path?: string
  /** The gateways, by their origins. */
  readonly origins: readonly string[]
  /** How the client must prove itself; alone announced, unless `announced` says more. */
  readonly authMethod?: AuthMethod
  /** Of the client, for `private_key_jwt`. */
  readonly clientKey?: JWK
  /** Null: the document says nothing of it. */
  readonly announced?: readonly AuthMethod[] | null
  readonly signing?: 'RS256' | 'PS256' | 'ES256' | 'Ed25519'
  /** By default everything but `sub` is at the userinfo endpoint only. */
  readonly claimsIn?: 'userinfo' | 'id-token'
  /** Whether it gives refresh tokens; each is good for one use, and a second use revokes them all. */
  readonly refreshTokens?: boolean
  /** Where the client is told on the back channel that somebody has signed out; of the one session, or of the person. */
  readonly backchannel?: { readonly path: string; readonly of: 'session' | 'person' }
  /** Whether the person can be asked which account. */
  readonly selectAccount?: boolean
  /** The `acr` with which everybody signs in; without it, none is known. */
  readonly acr?: string
}

export interface PlainProvider {
  readonly issuer: string
  /** How many requests came to this path, without the issuer's own. */
  asked(path: string): number
  /** Changes every further answer at the path; null: no more. */
  tamper(path: string, change: ((exchange: Exchange) => unknown) | null): void
  /** Signs an ID token of its own making with its own key. */
  sign(claims: JWTPayload, header?: Readonly<Record<string, unknown>>): Promise<string>
  close(): Promise<void>
}

export const plainClient = { id: 'sallyport/payroll', secret: 'a "secret": 100% + & ~/=\\' } as const

/** What is used here of a request and its answer in Koa, on which the provider stands. */
export interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly path: string
  status: number
  type: string
  body: unknown
  redirect(address: string): void
}

/** What the provider knows of people, by `sub`. */
const people: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'auth0|anna': {
    name: 'Anna Ångström',
    preferred_username: 'anna',
    email: 'anna@example.org',
    email_verified: true,
    groups: ['Payroll Admins', 'Choir'],
    roles: ['Approver'],
  },
  'CN=Ben Bit,O=Example': { name: 'Ben Bit', preferred_username: 'ben', groups: ['staff'] },
  nobody: { name: 'Nora Nobody', preferred_username: 'nora' },
}

/** @throws when the port is taken. */
export async function startPlainProvider(options: PlainProviderOptions): Promise<PlainProvider> {
  const { port, path = '' } = options
  const issuer = `http://localhost:${port}${path}`
  const mount = path.replace(/\/$/, '')
  const alg = options.signing ?? 'RS256'
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  const key = { ...(await exportJWK(privateKey)), kid: 'key-1', alg, use: 'sig' }
  const provider = new Provider(issuer, { ...configuration(options, mount), jwks: { keys: [key] } })
  const counts = new Map<string, number>()
  const changes = new Map<string, (exchange: Exchange) => unknown>()
  provider.use(async (ctx, next) => {
    counts.set(ctx.path, (counts.get(ctx.path) ?? 0) + 1)
    if (ctx.path.startsWith('/interaction/')) await interact(provider, ctx, options.acr)
    else await next()
    await changes.get(ctx.path)?.(ctx)
  })
  const server = await listenAt(port, mount, provider.callback())
  return {
    issuer,
    asked: (asked) => counts.get(asked) ?? 0,
    tamper(changed, change) {
      if (change === null) changes.delete(changed)
      else changes.set(changed, change)
    },
    sign: (claims, header) => new SignJWT(claims).setProtectedHeader({ alg, kid: 'key-1', ...header }).sign(privateKey),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function configuration(options: PlainProviderOptions, mount: string): Configuration {
  const { origins, authMethod = 'client_secret_basic', signing = 'RS256', selectAccount = false } = options
  const policy = interactionPolicy.base()
  if (selectAccount) policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0)
  const announced = options.announced === undefined ? [authMethod] : (options.announced ?? [authMethod])
  return {
    adapter: MemoryAdapter,
    clients: [
      {
        client_id: plainClient.id,
        client_secret: plainClient.secret,
        redirect_uris: origins.map((origin) => `${origin}/.auth/callback`),
        post_logout_redirect_uris: origins.map((origin) => `${origin}/.auth/signed-out`),
        token_endpoint_auth_method: authMethod,
        grant_types: ['authorization_code', ...(options.refreshTokens === true ? ['refresh_token'] : [])],
        ...(options.clientKey === undefined ? {} : { jwks: { keys: [options.clientKey] } }),
        id_token_signed_response_alg: signing,
        ...backchannelOf(options),
      },
    ],
    clientAuthMethods: [...announced],
    discovery: {
      ...(options.announced === null ? { token_endpoint_auth_methods_supported: undefined } : {}),
      ...(selectAccount ? { prompt_values_supported: ['none', 'login', 'consent', 'select_account'] } : {}),
    },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'Ed25519'] },
    scopes: ['openid', 'profile', 'email', 'groups', 'offline_access'],
    issueRefreshToken: () => options.refreshTokens === true,
    rotateRefreshToken: true,
    ...(options.acr === undefined ? {} : { acrValues: ['gold', 'silver'] }),
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups', 'roles', 'broken'],
    },
    conformIdTokenClaims: options.claimsIn !== 'id-token',
    cookies: { keys: ['the-cookie-key-of-the-plain-provider'] },
    ttl: {
      AccessToken: 600,
      AuthorizationCode: 60,
      Grant: 600,
      IdToken: 600,
      Interaction: 600,
      RefreshToken: 600,
      Session: 600,
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: true, logoutSource: askToSignOut },
      backchannelLogout: { enabled: true },
    },
    interactions: { policy, url: (_ctx, { uid }) => `${mount}/interaction/${uid}` },
    // Without its guard against addresses of this machine, where everything here runs.
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined } as RequestInit),
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...people[sub] }) }),
    // Everybody agrees to everything: consent is not what is tried here.
    async loadExistingGrant(ctx) {
      const { client, session, provider } = ctx.oidc
      const accountId = session?.accountId
      if (client === undefined || accountId === undefined) return undefined
      const grant = new provider.Grant({ clientId: client.clientId, accountId })
      grant.addOIDCScope('openid profile email groups')
      await grant.save()
      return grant
    },
  }
}

function backchannelOf({ origins: [origin = ''], backchannel }: PlainProviderOptions) {
  if (backchannel === undefined) return {}
  return {
    backchannel_logout_uri: origin + backchannel.path,
    backchannel_logout_session_required: backchannel.of === 'session',
  }
}

/** The sign-in page: whoever types a name is believed. */
async function interact(provider: Provider, exchange: Exchange, acr: string | undefined): Promise<void> {
  const { req, res } = exchange
  if (req.method === 'POST') {
    const form = new URLSearchParams(await text(req))
    const result = form.has('cancel')
      ? { error: 'access_denied', error_description: 'The person said no.' }
      : { login: { accountId: form.get('login') ?? '', ...(acr === undefined ? {} : { acr }) }, select_account: {} }
    return exchange.redirect(await provider.interactionResult(req, res, result))
  }
  const { prompt } = await provider.interactionDetails(req, res)
  exchange.type = 'html'
  exchange.body = page(`<h1>Sign in to Example</h1>
    <p>Asked for: ${prompt.name}</p>
    <form method="post" action="">
      <label>Name <input name="login" required></label> <button>Sign in</button>
      <button name="cancel" value="yes" formnovalidate>Cancel</button>
    </form>`)
}

/** As in the provider's own page, without its fonts from elsewhere. */
function askToSignOut(exchange: { body: unknown }, form: string): void {
  exchange.body = page(`<h1>Do you want to sign out of Example?</h1>${form}
    <button form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>
    <button form="op.logoutForm">No, stay signed in</button>`)
}

function page(body: string): string {
  return `<!doctype html><html lang="en"><title>Example</title><link rel="icon" href="data:,">${body}</html>`
}

/** `originalUrl` is how the provider learns below which path it is. */
async function listenAt(port: number, mount: string, serve: ReturnType<Provider['callback']>): Promise<Server> {
  const server = createServer((request, response) => {
    const { url = '' } = request
    if (!url.startsWith(`${mount}/`)) return void response.writeHead(404).end()
    Object.assign(request, { originalUrl: url, url: url.slice(mount.length) })
    void serve(request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return server
}

/** Forgets when the program ends. One for each kind of thing and provider. */
class MemoryAdapter implements Adapter {
  readonly #things = new Map<string, AdapterPayload>()

  async upsert(id: string, payload: AdapterPayload): Promise<void> {
    this.#things.set(id, payload)
  }
  async find(id: string): Promise<AdapterPayload | undefined> {
    return this.#things.get(id)
  }
  async findByUserCode(): Promise<undefined> {}
  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return [...this.#things.values()].find((each) => each.uid === uid)
  }
  async consume(id: string): Promise<void> {
    const thing = this.#things.get(id)
    if (thing !== undefined) thing.consumed = Math.floor(Date.now() / 1_000)
  }
  async destroy(id: string): Promise<void> {
    this.#things.delete(id)
  }
  async revokeByGrantId(grantId: string): Promise<void> {
    for (const [id, thing] of this.#things) if (thing.grantId === grantId) this.#things.delete(id)
  }
}
