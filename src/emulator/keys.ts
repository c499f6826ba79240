/** The signing keys: several at once, in no order, each inside a certificate and with an issuer of its own, as Entra publishes them. */
import { createHash, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { selfSignedCertificate } from './certificate.ts'
import { type Authority, consumersId, issuer, issuerTemplate } from './tenancies.ts'

export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly jwk: PublishedKey
  /**
   * What its issuer says: the literal template `{tenantid}`, the id of the directory whose key set it stands in (the template
   * again where that is a keyword's), or the directory of personal accounts, whose keys must not vouch for anybody else.
   */
  readonly vouchesFor: 'template' | 'directory' | 'consumers'
}

interface PublishedKey {
  readonly kty: 'RSA'
  readonly use: 'sig'
  readonly kid: string
  readonly x5t: string
  readonly n: string
  readonly e: string
  readonly x5c: readonly [string]
}

export interface KeyRing {
  /** Signs the ID tokens now. */
  signer(): SigningKey
  /** Is published, but only for personal accounts. */
  consumers(): SigningKey
  /** Has never been published. */
  stranger(): Promise<SigningKey>
  /** Is published to those only who ask with the id of the application. */
  applicationKey(): Promise<SigningKey>
  /**
   * The key set of an authority: `organizations` has no key of personal accounts, `consumers` no other. A directory's own set
   * has them too, as a trap for readers who overlook the issuer. `?appid=` gives the application's own key instead.
   */
  document(origin: string, authority: Authority, forApplication?: boolean): Promise<KeySet>
  /** First step of a rotation: a new key is published, but does not sign yet. Gives its id. */
  publishNew(): Promise<string>
  /** Second step: the newest key signs from now on. */
  switchToNewest(): void
  /** Third step: every key but the signing one and that of the personal accounts is withdrawn. */
  retireOthers(): void
  /** All three steps at once, as after a theft: nobody has seen the new key before it signs. Gives its id. */
  emergency(): Promise<string>
}

interface KeySet {
  readonly keys: readonly (PublishedKey & { readonly issuer: string })[]
}

/** @param now seconds since 1970; the certificates are valid around it. */
export async function createKeyRing(now: () => number): Promise<KeyRing> {
  const [first, standby, consumers] = await Promise.all([
    createKey('template', now()),
    createKey('directory', now()),
    createKey('consumers', now()),
  ])
  let keys: readonly SigningKey[] = [standby, first]
  let signer = first
  let own: Promise<SigningKey> | null = null
  const applicationKey = () => {
    own ??= createKey('template', now())
    return own
  }
  const publishNew = async () => {
    const key = await createKey('template', now())
    keys = [...keys, key]
    return key.kid
  }
  return {
    signer: () => signer,
    consumers: () => consumers,
    stranger: () => createKey('template', now()),
    applicationKey,
    async document(origin, authority, forApplication = false) {
      const shown = forApplication ? [await applicationKey()] : shownBy(authority, keys, consumers)
      return {
        keys: shuffled(shown).map((key) => ({ ...key.jwk, issuer: issuer(origin, issuerTenant(key, authority)) })),
      }
    },
    publishNew,
    switchToNewest() {
      signer = keys.at(-1) ?? signer
    },
    retireOthers() {
      keys = [signer]
    },
    async emergency() {
      const key = await createKey('template', now())
      keys = [key]
      signer = key
      return key.kid
    },
  }
}

function shownBy(authority: Authority, keys: readonly SigningKey[], consumers: SigningKey): readonly SigningKey[] {
  if (authority.tenancyId === consumersId) return [consumers]
  return authority.keyword === 'organizations' ? keys : [...keys, consumers]
}

function issuerTenant(key: SigningKey, authority: Authority): string {
  if (key.vouchesFor === 'consumers') return consumersId
  return key.vouchesFor === 'directory' ? (authority.tenancyId ?? issuerTemplate) : issuerTemplate
}

const year = 365 * 24 * 60 * 60

async function createKey(vouchesFor: SigningKey['vouchesFor'], now: number): Promise<SigningKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const validity = { notBefore: now - year, notAfter: now + 4 * year }
  const certificate = selfSignedCertificate({ commonName: 'Pretend directory', publicKey, privateKey, ...validity })
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
  const kid = createHash('sha1').update(certificate).digest('base64url')
  const jwk = { kty: 'RSA', use: 'sig', kid, x5t: kid, n, e, x5c: [certificate.toString('base64')] } as const
  return { kid, privateKey, jwk, vouchesFor }
}

/** Order must mean nothing to a reader, so it is another one every time. */
function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, rank: Math.random() }))
    .sort((left, right) => left.rank - right.rank)
    .map(({ item }) => item)
}
