/**
 * Names of request headers that speak for a person or for the way a request took. A caller can send them as well as we
 * can, so they are taken off every request, in every spelling, on every path (T21, T25, T27).
 */
import type { Tenant } from '../gateway.ts'

/** CGI, WSGI and PHP read `_` and `-` alike, some more than that; so we compare with every sign as a hyphen. */
export function foldName(name: string): string {
  return /^[a-z0-9-]*$/.test(name) ? name : name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/** Families, by what they begin with (folded). */
const families: readonly string[] = [
  'x-forwarded-',
  'x-auth-request-',
  'x-authentik-',
  'x-envoy-',
  'x-goog-authenticated-',
  'x-goog-iap-',
  'x-amzn-oidc-',
  'x-authenticated-',
  'x-client-cert',
  'x-consumer-',
  'x-ms-client-principal',
  'x-ms-token-',
  'x-original-',
  'x-pomerium-',
  'x-remote-',
  'x-sallyport-',
  'x-ssl-client-',
  'x-token-',
  'x-vouch-',
  'x-webauth-',
  'x-wonderwall-',
  'ajp-',
  'cf-access-',
  // RFC 9440 section 4: who ends TLS takes these off.
  'client-cert',
  'iv-',
  'oam-',
  'oidc-',
  'remote-',
  'shib-',
  'sm-',
  'ssl-client-',
]

const singles: ReadonlySet<string> = new Set([
  'cf-connecting-ip',
  'forwarded',
  'front-end-https',
  // To CGI, `Proxy` is HTTP_PROXY (httpoxy, CVE-2016-5385); the others move where a program believes to be mounted.
  'path-info',
  'proxy',
  'script-name',
  'true-client-ip',
  'x-arr-clientcert',
  'x-auth-roles',
  'x-auth-userid',
  'x-auth-username',
  'x-auth-subject',
  'x-auth-email',
  'x-auth-groups',
  'x-auth-audience',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-forwarded',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-path-info',
  'x-real-ip',
  'x-request-id',
  'x-rewrite-url',
  'x-scheme',
  'x-script-name',
  'x-sent-from',
  'x-userinfo',
])

/** @param folded a name as foldName gives it. */
export function isIdentityName(tenant: Tenant, folded: string): boolean {
  return sentNames(tenant).has(folded) || singles.has(folded) || families.some((family) => folded.startsWith(family))
}

const sent = new WeakMap<Tenant, ReadonlySet<string>>()

/** Every name that any route of this tenant could send, also where this person has no value for it. */
function sentNames(tenant: Tenant): ReadonlySet<string> {
  const known = sent.get(tenant)
  if (known !== undefined) return known
  const plans = tenant.routes.flatMap(({ to }) => (to.act === 'forward' ? [to.headers] : []))
  const entries = plans.flatMap((plan) => plan.entries.map(({ name }) => name))
  const tokens = plans.flatMap(({ accessToken }) => (accessToken === null ? [] : [accessToken.name]))
  const names = new Set([...entries, ...tokens].map(foldName))
  sent.set(tenant, names)
  return names
}
