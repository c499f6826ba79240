/** The registration of the one application that the directories know, with every switch of the portal that changes what it is sent. */
import { X509Certificate } from 'node:crypto'
import type { FederatedCredential } from './federated-credential.ts'
import { isOptionalClaim } from './optional-claims.ts'

export const clientId = '6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791'
export const clientSecret = 'pretend-secret-for-the-demo-only'

/** A secret of which the registration says until when it is good, in seconds since 1970. */
interface ExpiringSecret {
  readonly value: string
  readonly expiresAt: number
}

export interface Application {
  readonly name: string
  readonly clientId: string
  readonly clientSecrets: readonly (string | ExpiringSecret)[]
  /** PEM. A client may sign with the key of one instead of sending a secret. */
  readonly certificates: readonly string[]
  readonly federatedCredentials: readonly FederatedCredential[]
  /** As what the redirect URIs are registered: only `web` has a credential. */
  readonly platform: 'web' | 'spa' | 'public'
  /** Exact, but for the port of `http://localhost`. Addresses to come back to after a sign-out stand here too. */
  readonly redirectUris: readonly string[]
  /** Who may sign in: people of Contoso, of every organisation, these and personal accounts, personal accounts only. */
  readonly audience: 'contoso' | 'organizations' | 'common' | 'consumers'
  /** What the application may do at Graph by itself, with nobody signed in; an administrator has consented. */
  readonly applicationPermissions: readonly string[]
  /** `groupMembershipClaims` of the manifest. All but `ApplicationGroup` include what membership is inherited. */
  readonly groupClaims: 'SecurityGroup' | 'DirectoryRole' | 'All' | 'ApplicationGroup' | null
  readonly groupFormat:
    | 'id'
    | 'sam_account_name'
    | 'dns_domain_and_sam_account_name'
    | 'netbios_domain_and_sam_account_name'
    | 'cloud_displayname'
  /** `emit_as_roles`: the groups take the place of the app roles. */
  readonly groupsAsRoles: boolean
  /** The groups that are assigned to the application, for `ApplicationGroup`. */
  readonly assignedGroups: readonly string[]
  /** How a token says that there are too many groups to list; `hasgroups` speaks without an address. */
  readonly overage: 'azure-ad-graph' | 'microsoft-graph' | 'hasgroups' | 'flattened'
  /** What the ID token says beyond what it always says; names as in the portal, see optional-claims.ts. */
  readonly optionalClaims: readonly string[]
  /** Signs with a key of the application's own, which only `?appid=` publishes. */
  readonly ownSigningKey: boolean
  /** Whether consent is there, or each person is asked for it, or an administrator must give it first. */
  readonly consent: 'given' | 'person' | 'administrator'
  /** Conditional Access asks everybody for a second factor. */
  readonly secondFactor: boolean
  /** Whether people are asked if they want to stay signed in. */
  readonly asksToStay: boolean
  /** Conditional Access asks again after so many seconds; null for never. */
  readonly signInFrequency: number | null
  /** The published authentication contexts, and what policy stands behind each. */
  readonly contexts: Readonly<Record<string, 'no-policy' | 'second-factor' | 'blocked'>>
  /** How many codes one sign-in may fetch within five minutes before it is taken for a loop (50196); null for any number. */
  readonly loopLimit: number | null
  /** Between the parts of an error description: Entra has been seen to put blanks, and ends of lines. */
  readonly errorTail: 'blanks' | 'lines'
  /** The front-channel logout URL; null for none. */
  readonly logoutUrl: string | null
  /** Whether the front channel also names the issuer: Entra has been seen to do either. */
  readonly logoutWithIssuer: boolean
}

const defaults: Application = {
  name: 'Payroll',
  clientId,
  clientSecrets: [clientSecret],
  certificates: [],
  federatedCredentials: [],
  platform: 'web',
  redirectUris: ['http://localhost/.auth/callback', 'http://localhost/.auth/signed-out'],
  audience: 'contoso',
  applicationPermissions: [],
  groupClaims: 'SecurityGroup',
  groupFormat: 'id',
  groupsAsRoles: false,
  assignedGroups: [],
  overage: 'azure-ad-graph',
  optionalClaims: ['acct', 'acrs', 'login_hint', 'sid', 'xms_edov'],
  ownSigningKey: false,
  consent: 'given',
  secondFactor: false,
  asksToStay: false,
  signInFrequency: null,
  contexts: { c1: 'second-factor', c2: 'no-policy', c3: 'blocked' },
  loopLimit: null,
  errorTail: 'blanks',
  logoutUrl: null,
  logoutWithIssuer: false,
}

const changeable = Object.keys(defaults).filter((key) => key !== 'clientId')

/**
 * What somebody wrote down to change, as an object of the registration's keys; throws for a key that is none. Values are looked
 * at where they are used, but for credentials.
 */
export function readChange(change: unknown): Partial<Application> {
  if (typeof change !== 'object' || change === null || Array.isArray(change))
    throw new Error('change: it is no object.')
  const stranger = Object.keys(change).find((key) => !changeable.includes(key))
  if (stranger === undefined) return change
  throw new Error(`change: "${stranger}" is not known; there is ${changeable.join(', ')}.`)
}

/** @param said what differs from the defaults; its redirect URIs are added to the two that are always there */
export function createRegistration(said: Partial<Application>): Application {
  return checked({
    ...defaults,
    ...said,
    clientId: (said.clientId ?? clientId).toLowerCase(),
    redirectUris: [...defaults.redirectUris, ...(said.redirectUris ?? [])],
  })
}

/** The registration again. Throws where a credential is none: a certificate that cannot be read, a federated one without issuer or subject. Throws for an optional claim that nobody knows, too. */
export function checked(application: Application): Application {
  for (const pem of application.certificates) {
    try {
      new X509Certificate(pem)
    } catch {
      throw new Error('certificates: a list of certificates in PEM is wanted.')
    }
  }
  const strange = application.optionalClaims.find((name) => !isOptionalClaim(name))
  if (strange !== undefined) throw new Error(`optionalClaims: "${strange}" is not known.`)
  if (!application.redirectUris.every((address) => URL.canParse(address))) {
    throw new Error('redirectUris: a list of addresses is wanted.')
  }
  const isWhole = ({ issuer, subject }: Partial<FederatedCredential>) => Boolean(issuer) && Boolean(subject)
  if (application.federatedCredentials.every(isWhole)) return application
  throw new Error('federatedCredentials: each needs "issuer" and "subject".')
}

/** Whether an address may be redirected to: byte for byte one that is registered; the port of http://localhost does not count. */
export function isRegistered(application: Application, address: string): boolean {
  const comparable = (each: string) => withPath(withoutLocalPort(each))
  return application.redirectUris.map(comparable).includes(comparable(address))
}

function withoutLocalPort(address: string): string {
  return address.replace(/^http:\/\/localhost:\d{1,5}(?=\/|$)/, 'http://localhost')
}

/** Entra adds the slash where an address has no path. */
function withPath(address: string): string {
  return /^https?:\/\/[^/?#]+$/.test(address) ? `${address}/` : address
}
