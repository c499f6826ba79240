/** A self-signed certificate around an RSA key, since Entra publishes every signing key inside one. Node can read but not write them. */
import { type KeyObject, randomBytes, sign } from 'node:crypto'

export interface CertificateSubject {
  readonly commonName: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  /** Seconds since 1970. */
  readonly notBefore: number
  readonly notAfter: number
}

/** An X.509 version 1 certificate in DER (RFC 5280 section 4.1): no extensions, signed with SHA-256 and RSA. */
export function selfSignedCertificate(subject: CertificateSubject): Buffer {
  const name = sequence(set(sequence(objectId('550403'), tagged(0x0c, Buffer.from(subject.commonName)))))
  const body = sequence(
    positiveInteger(randomBytes(8)),
    sha256WithRsa,
    name,
    sequence(time(subject.notBefore), time(subject.notAfter)),
    name,
    subject.publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = sign('sha256', body, subject.privateKey)
  return sequence(body, sha256WithRsa, tagged(0x03, Buffer.from([0]), signature))
}

const sha256WithRsa = sequence(objectId('2a864886f70d01010b'), tagged(0x05))

/** One ASN.1 element: tag, length, content (X.690 section 8.1). */
function tagged(tag: number, ...content: readonly Buffer[]): Buffer {
  const value = Buffer.concat(content)
  return Buffer.concat([Buffer.from([tag]), lengthOf(value), value])
}

function lengthOf(value: Buffer): Buffer {
  if (value.length < 0x80) return Buffer.from([value.length])
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value.length)
  const significant = bytes.subarray(bytes.findIndex((byte) => byte !== 0))
  return Buffer.concat([Buffer.from([0x80 | significant.length]), significant])
}

function sequence(...content: readonly Buffer[]): Buffer {
  return tagged(0x30, ...content)
}

function set(...content: readonly Buffer[]): Buffer {
  return tagged(0x31, ...content)
}

function objectId(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'))
}

/** A leading 01 keeps the number positive and free of superfluous zeros. */
function positiveInteger(bytes: Buffer): Buffer {
  return tagged(0x02, Buffer.from([1]), bytes)
}

/** GeneralizedTime, `20260102030405Z`. */
function time(seconds: number): Buffer {
  const digits = new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z')
  return tagged(0x18, Buffer.from(digits.replace(/[-:T]/g, '')))
}
