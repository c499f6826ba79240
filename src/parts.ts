/** The composition root: from a compiled configuration to the parts that serve it. Everything is made here, and handed on. */
import { access as accessFile } from 'node:fs/promises'
import type { Gateway, SessionPolicy, Upstream } from './core/gateway.ts'
import { createAccess } from './http/access.ts'
import { createAccessTokens } from './http/access-tokens.ts'
import { createAdminConsent } from './http/admin-consent.ts'
import { createAnswers } from './http/answers.ts'
import { createAskAgain } from './http/ask-again.ts'
import { createBackchannelLogout } from './http/backchannel-logout.ts'
import { createBudgets } from './http/budgets.ts'
import { createCallback } from './http/callback.ts'
import { type CallerReader, createCallerReader } from './http/caller.ts'
import { createConsole } from './http/console.ts'
import { createEndpoints } from './http/endpoints.ts'
import { createFormKeeping } from './http/form-keeping.ts'
import { createFormSending } from './http/form-sending.ts'
import { createFrontchannelLogout } from './http/frontchannel-logout.ts'
import type { GateParts } from './http/gate.ts'
import { createGlassCodes } from './http/glass-code.ts'
import { createGlassDoor } from './http/glass-door.ts'
import { createKeptForm } from './http/kept-form.ts'
import { createLasting } from './http/lasting.ts'
import { createLimits } from './http/limits.ts'
import { createLogin } from './http/login.ts'
import { createLogout } from './http/logout.ts'
import { createOpenings } from './http/openings.ts'
import { createPasswordQueue } from './http/password-queue.ts'
import { createPhoto } from './http/photo.ts'
import { createPictures } from './http/pictures.ts'
import { createPlaces } from './http/places.ts'
import { createProofRounds } from './http/proof-rounds.ts'
import { createRefuse } from './http/refusals.ts'
import { createRevalidation } from './http/revalidation.ts'
import { createRounds } from './http/rounds.ts'
import { createCredentials } from './oidc/credential.ts'
import { createCredentialHealth } from './oidc/credential-health.ts'
import { createEgress } from './oidc/egress.ts'
import { createFederatedToken, type PlatformVariables } from './oidc/federated-token.ts'
import { createGraph } from './oidc/graph.ts'
import { type AskPhotos, readPhotos } from './oidc/graph-photo.ts'
import { createIdentify } from './oidc/identify.ts'
import { createLogoutTokens } from './oidc/logout-token.ts'
import { createProbe } from './oidc/probe.ts'
import { createProviders, type Providers } from './oidc/provider.ts'
import { createHealth, type Health } from './ops/health.ts'
import type { AdjustableLog, Log } from './ops/log.ts'
import { createMetrics } from './ops/metrics.ts'
import { observe, providersOf } from './ops/observed.ts'
import { isPassword } from './ops/passwords.ts'
import { createUnreturned } from './ops/unreturned.ts'
import { createPages } from './pages/render.ts'
import { createForwarder } from './proxy/forward.ts'
import { createBonds } from './session/bonds.ts'
import { createConfiguredStore } from './session/configured-store.ts'
import { createEndings } from './session/endings.ts'
import { createFormBudget } from './session/form-budget.ts'
import { createSessionKeeping, type SessionKeeping } from './session/keeping.ts'
import { createKeptForms } from './session/kept-forms.ts'
import { createKeyRing } from './session/seal.ts'
import { createSessions } from './session/sessions.ts'
import type { SessionStore } from './session/store.ts'
import { createTransactions, transactionSeconds } from './session/transaction.ts'
import { createVouchedBindings } from './session/vouched-binding.ts'
import { createSessionWriter } from './session/writer.ts'

export interface Parts extends GateParts {
  readonly store: SessionStore
  readonly providers: Providers
  readonly health: Health
  /** From now on every request is judged by this configuration; those under way keep theirs. */
  replace(gateway: Gateway): void
  /** Begins to look up the providers in the background. */
  warm(): void
  /** Ends timers and connections; what is in flight must be over. */
  close(): Promise<void>
}

/** How often credentials are looked at that expire, in milliseconds. */
const expiryLook = 3_600_000

/**
 * @param clock seconds since 1970.
 * @param platform variables that the platform sets for its workloads (AZURE_FEDERATED_TOKEN_FILE, IDENTITY_ENDPOINT).
 */
export function createParts(
  first: Gateway,
  log: AdjustableLog,
  clock: () => number = () => Date.now() / 1_000,
  platform: PlatformVariables = process.env,
): Parts {
  let gateway = first
  const current = () => gateway
  const metrics = createMetrics()
  const health = createHealth()
  const ring = createKeyRing(gateway.session.secrets, clock)
  const store = createConfiguredStore(gateway.session.store, log, clock)
  const policy = policyInForce(current)
  const sessions = createSessions({ store, ring, policy, clock, log })
  const writer = createSessionWriter({ sessions, ring })
  const transactions = createTransactions({ store, ring, clock })
  const egress = createEgress(() => gateway.server.egress)
  const credentialHealth = createCredentialHealth({ log, clock })
  const federatedToken = createFederatedToken({ env: platform, ask: egress.direct, clock })
  const credentials = createCredentials({ health: credentialHealth, federatedToken })
  const providers = createProviders({ log, ask: egress.fetch, credentials })
  const forwarder = createForwarder({ log })
  const probe = createProbe({ ask: egress.fetch, providers })
  const openings = createOpenings({ current, probe, exists: fileExists, clock, log })
  const answers = createAnswers(createPages(), openings.isOpen)
  const rounds = createRounds(clock)
  const refuse = createRefuse({ answers, log })
  const unreturned = createUnreturned(transactionSeconds, clock)
  const limits = createLimits({ shared: store.counting, ring })
  const bindings = createVouchedBindings(ring, clock)
  const budgets = createBudgets({ limits, bindings, answers, metrics, log, current, clock })
  const signingIn = { answers, providers, transactions, metrics, rounds, unreturned, budgets, bindings }
  const identify = createIdentify({ clock, askGraph: createGraph({ ask: egress.fetch }) })
  const askAgain = createAskAgain({ sessions, providers, identify, clock, metrics, log })
  const revalidation = createRevalidation({
    ...{ sessions, providers, askAgain, policy, clock, log },
    glassStands: openings.stands,
  })
  const accessTokens = createAccessTokens({ sessions, providers, clock, log })
  const places = createPlaces(() => current().server.limits)
  const lasting = createLasting({ current, sessions, revalidation, places, clock, metrics, log })
  const login = createLogin({
    ...{ ...signingIn, refuse, proofRounds: createProofRounds(clock) },
    isAway: openings.isAway,
  })
  const adminConsent = createAdminConsent({ answers, refuse, transactions, budgets, bindings, log })
  const callback = createCallback({ ...signingIn, login, writer, sessions, log, identify, adminConsent, clock })
  const logout = createLogout({ answers, refuse, providers, sessions, writer, rounds, metrics, log })
  const endings = createEndings({ store, ring, clock })
  const told = { answers, refuse, providers, endings, budgets, metrics, log }
  const frontchannelLogout = createFrontchannelLogout(told)
  const backchannelLogout = createBackchannelLogout({ ...told, store, tokens: createLogoutTokens(providers, clock) })
  const access = createAccess({ answers, refuse, sessions, current, clock })
  const askPhotos: AskPhotos = (token) => readPhotos(egress.fetch, token)
  const photo = createPhoto({ refuse, pictures: createPictures({ accessTokens, askPhotos, clock, log }) })
  const glass = { answers, current, openings, transactions, codes: createGlassCodes(ring, clock), metrics, log, clock }
  const glassDoor = createGlassDoor({ ...glass, refuse, writer, budgets, bindings })
  const console = createConsole({
    ...{ ...glass, ring, lookAtPassword: createPasswordQueue(isPassword) },
    guesses: {
      address: limits({ kind: 'glass-address', most: 10, seconds: 600 }),
      account: limits({ kind: 'glass-account', most: 30, seconds: 1_800 }),
    },
  })
  const budget = createFormBudget(() => gateway.server.limits.keptFormBytes, clock)
  const keptForms = createKeptForms({ store, ring, budget })
  const formKeeping = createFormKeeping({ keptForms, login, answers, budgets, log })
  const formSending = createFormSending({ keptForms, log })
  const keptForm = createKeptForm({ answers, refuse, keptForms, login, budgets, log })
  const further = { glassDoor, frontchannelLogout, backchannelLogout, adminConsent, access, photo, keptForm }
  const endpoints = createEndpoints({ answers, refuse, login, callback, logout, ...further, writer })
  let callers = createCallerReader(gateway.server.trustedProxies)
  const readCaller: CallerReader = (peer, forwardedFor) => callers(peer, forwardedFor)

  observe(
    { metrics, health },
    {
      ...{ current, credentials: credentialHealth, unreturned, providers },
      glassOpen: openings.open,
      open: (what) => places.taken(what),
      isStoreReady: () => store.ready() === 'ready',
      signOutsUnfinished: () => sessions.unfinished(),
      logLinesLost: () => log.linesLost(),
      storeTrouble: () => store.trouble?.() ?? null,
    },
  )
  const look = () => credentialHealth.look(providersOf(current()))
  const lookAgain = setInterval(look, expiryLook)
  lookAgain.unref()
  function warm(): void {
    look()
    for (const provider of providersOf(current())) providers.warm(provider)
  }
  return {
    ...{
      revalidation,
      lasting,
      places,
      accessTokens,
      console,
      budgets,
      bonds: createBonds(ring),
      formKeeping,
      formSending,
    },
    ...{ current, sessions, forwarder, endpoints, login, answers, readCaller, metrics, log, health, store, providers },
    clock,
    replace(next) {
      const before = gateway
      gateway = next
      const { secrets } = next.session
      if (secrets !== before.session.secrets) {
        ring.rotate(secrets)
        sessions.reopen()
      }
      if (next.server.trustedProxies !== before.server.trustedProxies) {
        callers = createCallerReader(next.server.trustedProxies)
      }
      log.setLevel(next.server.log.level)
      providers.keepOnly(providersOf(next))
      forwarder.keepOnly(upstreamsOf(next))
      warm()
    },
    warm,
    async close() {
      clearInterval(lookAgain)
      openings.close()
      lasting.close()
      providers.close()
      egress.close()
      await sessions.close()
      await forwarder.close()
      await store.close()
    },
  }
}

/** What looks after sessions from outside; null where nobody else can reach them. */
export function sessionKeeping({ session }: Gateway, log: Log): SessionKeeping | null {
  return createSessionKeeping(session, log, () => Date.now() / 1_000)
}

function upstreamsOf({ tenants }: Gateway): readonly Upstream[] {
  return tenants.flatMap(({ routes }) => routes.flatMap(({ to }) => (to.act === 'forward' ? [to.upstream] : [])))
}

/** An operator's sign: what it holds does not matter. Where nobody can tell, it is not there. */
async function fileExists(path: string): Promise<boolean> {
  return await accessFile(path).then(
    () => true,
    () => false,
  )
}

/** A view: whoever holds it sees the lifetimes of the configuration in force. */
function policyInForce(current: () => Gateway): SessionPolicy {
  return {
    get secrets() {
      return current().session.secrets
    },
    get lifetimeSeconds() {
      return current().session.lifetimeSeconds
    },
    get idleSeconds() {
      return current().session.idleSeconds
    },
    get revalidateSeconds() {
      return current().session.revalidateSeconds
    },
    get perPerson() {
      return current().session.perPerson
    },
    get store() {
      return current().session.store
    },
  }
}
