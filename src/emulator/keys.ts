/** The signing keys: several at once, in no order, each inside a certificate and with an issuer of its own, as Entra publishes them. */
import { createHash, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { selfSignedCertificate } from './certificate.ts'
import { directoryId } from './directory.ts'

/** The directory of personal accounts. Its keys stand beside the others, and must not vouch for anybody in this directory. */
const consumersId = '9188040d-6c67-4c5b-b112-36a304b66dad'

interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly jwk: PublishedKey
  /** The tenant part of the key's issuer: a directory, or the literal template `{tenantid}`. */
  readonly issuerTenant: string
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
  /** The key set document. */
  document(origin: string): { readonly keys: readonly (PublishedKey & { readonly issuer: string })[] }
  /** First step of a rotation: a new key is published, but does not sign yet. Gives its id. */
  publishNew(): Promise<string>
  /** Second step: the newest key signs from now on. */
  switchToNewest(): void
  /** Third step: every key but the signing one and that of the personal accounts is withdrawn. */
  retireOthers(): void
}

/** @param now seconds since 1970; the certificates are valid around it. */
export async function createKeyRing(now: () => number): Promise<KeyRing> {
  const [first, standby, consumers] = await Promise.all([
    createKey(template, now()),
    createKey(directoryId, now()),
    createKey(consumersId, now()),
  ])
  let keys: readonly SigningKey[] = [standby, first]
  let signer = first
  return {
    signer: () => signer,
    consumers: () => consumers,
    stranger: () => createKey(template, now()),
    document: (origin) => ({
      keys: shuffled([...keys, consumers]).map((key) => ({ ...key.jwk, issuer: `${origin}/${key.issuerTenant}/v2.0` })),
    }),
    async publishNew() {
      const key = await createKey(template, now())
      keys = [...keys, key]
      return key.kid
    },
    switchToNewest() {
      signer = keys.at(-1) ?? signer
    },
    retireOthers() {
      keys = [signer]
    },
  }
}

const template = '{tenantid}'
const year = 365 * 24 * 60 * 60

async function createKey(issuerTenant: string, now: number): Promise<SigningKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const validity = { notBefore: now - year, notAfter: now + 4 * year }
  const certificate = selfSignedCertificate({ commonName: 'Pretend directory', publicKey, privateKey, ...validity })
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
  const kid = createHash('sha1').update(certificate).digest('base64url')
  const jwk = { kty: 'RSA', use: 'sig', kid, x5t: kid, n, e, x5c: [certificate.toString('base64')] } as const
  return { kid, privateKey, jwk, issuerTenant }
}

/** Order must mean nothing to a reader, so it is another one every time. */
function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, rank: Math.random() }))
    .sort((left, right) => left.rank - right.rank)
    .map(({ item }) => item)
}
