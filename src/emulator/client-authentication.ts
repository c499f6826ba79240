/** Who calls the token endpoint: a secret in the body or in the Authorization header, or an assertion that takes its place. */
import { timingSafeEqual } from 'node:crypto'
import { judgeClientAssertion } from './client-assertion.ts'
import type { Problem } from './errors.ts'
import { judgeFederatedToken } from './federated-credential.ts'
import { readToken } from './json-web-token.ts'
import type { Application } from './registration.ts'

export interface ClientCall {
  readonly form: URLSearchParams
  readonly authorization: string | undefined
  /** The token endpoint as it was called. */
  readonly url: string
  /** Seconds since 1970. */
  readonly now: number
}

/** The secrets themselves, those that have expired too. */
export function secretsOf(application: Application): readonly string[] {
  return application.clientSecrets.map((secret) => (typeof secret === 'string' ? secret : secret.value))
}

/**
 * Null for the application itself; else what is wrong with who calls. A public client has nothing to prove, and must not try
 * (700025). In the header each part is form-encoded first (RFC 6749 section 2.3.1).
 */
export async function authenticateClient(call: ClientCall, application: Application): Promise<Problem | null> {
  const { form } = call
  const basic = basicCredentials(call.authorization)
  const id = basic?.id ?? form.get('client_id')
  const secret = basic?.secret ?? form.get('client_secret') ?? ''
  const assertion = form.get('client_assertion') ?? ''
  if (id === null) return { code: 900144, detail: 'client_id' }
  if (id.toLowerCase() !== application.clientId) return { code: 700016, detail: id }
  if (application.platform !== 'web') return secret === '' && assertion === '' ? null : { code: 700025, detail: id }
  if (assertion !== '') return await judgeAssertion(assertion, call, application)
  if (secret === '') return { code: 7000218 }
  const fitting = application.clientSecrets.filter((own) => same(typeof own === 'string' ? own : own.value, secret))
  if (fitting.length === 0) return { code: 7000215 }
  return fitting.some((own) => typeof own === 'string' || own.expiresAt > call.now) ? null : { code: 7000222 }
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** One that names a certificate, or the client as its issuer, is the client's own; any other comes from somebody who vouches for it. */
async function judgeAssertion(
  text: string,
  { form, url, now }: ClientCall,
  application: Application,
): Promise<Problem | null> {
  const type = form.get('client_assertion_type')
  if (type === null) return { code: 900144, detail: 'client_assertion_type' }
  if (type !== assertionType) return { code: 90023, detail: 'client_assertion_type' }
  const read = readToken(text)
  if (read === null) return { code: 50027, detail: 'it has not three parts of JSON and signature' }
  const { header, claims } = read
  const isOwn = 'x5t' in header || 'x5t#S256' in header || claims.iss === application.clientId
  if (isOwn) return await judgeClientAssertion({ text, read, now, audience: url }, application)
  return await judgeFederatedToken({ text, read, now }, application)
}

function basicCredentials(header: string | undefined): { readonly id: string; readonly secret: string } | null {
  const [, encoded] = /^basic ([a-z0-9+/=_-]+)$/i.exec(header ?? '') ?? []
  if (encoded === undefined) return null
  const [id = '', secret = ''] = Buffer.from(encoded, 'base64').toString().split(':')
  // URLSearchParams undoes the form encoding, and never throws.
  const decoded = (text: string) => new URLSearchParams(`value=${text}`).get('value') ?? ''
  return { id: decoded(id), secret: decoded(secret) }
}

function same(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)]
  return one.length === other.length && timingSafeEqual(one, other)
}
