/** The claims that an ID token has only where the registration asks for them (Token configuration in the portal). */
import { isGuest, loginHintOf, namesOf } from './account.ts'
import type { Person } from './directory.ts'
import type { Grant } from './grants.ts'
import type { Application } from './registration.ts'

interface Sources {
  readonly person: Person
  readonly grant: Grant
}

/** What there is to say; undefined leaves the claim out. */
type Say = (sources: Sources) => unknown

const profile = ({ grant }: Sources) => grant.scopes.includes('profile')
const given = (values: readonly unknown[]) => (values.length === 0 ? undefined : values)
const property = (name: string) => (({ person }) => person.properties[name]) satisfies Say

const plain: Readonly<Record<string, Say>> = {
  acct: ({ person }) => (isGuest(person) ? 1 : 0),
  acrs: ({ grant }) => given(grant.contexts),
  auth_time: ({ grant }) => Math.floor(grant.signedInAt),
  ctry: property('country'),
  family_name: (sources) => (profile(sources) ? namesOf(sources.person).family : undefined),
  given_name: (sources) => (profile(sources) ? namesOf(sources.person).given : undefined),
  login_hint: (sources) => (profile(sources) ? loginHintOf(sources.person) : undefined),
  onprem_sid: property('onPremisesSecurityIdentifier'),
  sid: ({ grant }) => grant.sessionId,
  tenant_ctry: () => 'DE',
  tenant_region_scope: () => 'EU',
  // A guest's is told only where the registration says so; with a # as it is, or without.
  upn: (sources) => (isGuest(sources.person) ? undefined : upnOf(sources)),
  'upn:include_externally_authenticated_upn': (sources) => upnOf(sources),
  'upn:include_externally_authenticated_upn_without_hash': (sources) => upnOf(sources)?.replaceAll('#', '_'),
  verified_primary_email: ({ person }) => (isVerified(person) ? given([person.mail]) : undefined),
  verified_secondary_email: ({ person }) => person.properties.otherMails,
  xms_edov: ({ person }) => person.mailVerified,
}

/** All but directory extensions. */
export const optionalClaimNames: readonly string[] = Object.keys(plain)

/** Directory extensions are called `extension_<id of the application, without hyphens>_<attribute>`. */
const extension = /^extension_[0-9a-f]{32}_(.+)$/i

export function isOptionalClaim(name: string): boolean {
  return Object.hasOwn(plain, name) || extension.test(name)
}

/** The claims that the registration asks for and that have something to say. */
export function optionalClaims(sources: Sources, { optionalClaims: asked }: Application): Record<string, unknown> {
  const said = asked.flatMap((name) => {
    const value = (plain[name] ?? property(name))(sources)
    return value === undefined || value === null ? [] : [[claimOf(name), value] as const]
  })
  return Object.fromEntries(said)
}

/** Of a directory extension only the attribute is left; what follows a colon is said to the portal, not to the application. */
function claimOf(name: string): string {
  const [, attribute] = extension.exec(name) ?? []
  return attribute === undefined ? name.replace(/:.*/, '') : `extn.${attribute}`
}

function upnOf(sources: Sources): string | undefined {
  return profile(sources) ? sources.person.userPrincipalName : undefined
}

/** In every spelling that has been seen. */
function isVerified({ mail, mailVerified }: Person): boolean {
  return mail !== null && ['true', '1'].includes(String(mailVerified))
}
