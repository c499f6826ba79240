/** The kinds of values that settings have: each with its rule, what may stand there in words, and a value that fits. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { z } from 'zod'
import { Secret } from '../core/secret.ts'
import { placeholderCertificate, placeholderKey, readCertificates, readPrivateKey } from './certificates.ts'
import type { Reading } from './values.ts'
import * as values from './values.ts'

/** What a kind of value says of itself, besides its rule. A key adds its `description`, and `examples` for file and editors. */
export interface Kind {
  /** What may stand there, in words. */
  readonly allowed?: string
  /** A value that fits, for checks without secrets. A kind without one must always be known. */
  readonly placeholder?: unknown
  /** Never printed, and only as a reference in the file: always, or where a URL holds a password. */
  readonly secret?: 'always' | 'with-password'
  /** What is written is the path of a file; the value is its content. */
  readonly file?: boolean
  /** Its keys are those of another place, where our documents list them. */
  readonly keysAsIn?: string
  /** It excludes what else is there, or needs files: the reference shows it as a comment. */
  readonly aside?: boolean
}

export function text<T>(read: (written: string) => Reading<T>, kind: Kind) {
  return z
    .string()
    .transform((written, context): T => {
      const found = read(written)
      if ('value' in found) return found.value
      context.addIssue({ code: 'custom', message: found.problem })
      return z.NEVER
    })
    .meta({ ...kind })
}

export function duration(least: number, most: number) {
  const [from, to] = [values.writeDuration(least), values.writeDuration(most)]
  return text((written) => values.readDuration(written, least, most), {
    allowed: `a duration from ${from} to ${to}, such as 10h, 15m, 30s or 1h30m`,
    placeholder: from,
  })
}

/** A value that the compiled model holds as a `Secret`. */
export function secret(
  read: (written: string) => Reading<string>,
  kind: Kind & { readonly secret: NonNullable<Kind['secret']> },
) {
  return text((written) => {
    const found = read(written)
    return 'value' in found ? { value: new Secret(found.value) } : found
  }, kind)
}

/** 0s stands for no limit. */
export function limit(most: number) {
  return text((written) => (written === '0s' ? { value: 0 } : values.readDuration(written, 1, most)), {
    allowed: `a duration from 1s to ${values.writeDuration(most)}, or 0s for no limit`,
    placeholder: '0s',
  })
}

export function size(least: number, most: number) {
  const [from, to] = [values.writeSize(least), values.writeSize(most)]
  return text((written) => values.readSize(written, least, most), {
    allowed: `a size from ${from} to ${to}, such as ${values.writeSize(2 * least)}`,
    placeholder: from,
  })
}

export const [second, minute, hour, day] = [1, 60, 3_600, 86_400]
export const kilobyte = 1_024
export const megabyte = 1_024 * kilobyte
export const reference = 'a reference: ${env:NAME} or ${file:/path}'

export const name = text(values.readName, {
  allowed: 'small letters, digits and hyphens, at most 63, the first no hyphen',
})
export const line = text(values.readText, { allowed: 'one line of at most 200 characters', placeholder: 'placeholder' })
export const roleName = text(values.readRoleName, {
  allowed: 'the name of a role: one line without comma',
  placeholder: 'placeholder',
})
export const guid = text(values.readGuid, {
  allowed: 'a GUID, such as 11111111-2222-3333-4444-555555555555',
  placeholder: '00000000-0000-4000-8000-000000000000',
})
export const address = text(values.readAddress, {
  allowed: 'host:port, such as 127.0.0.1:8080 or [::1]:8080',
  placeholder: '127.0.0.1:8080',
})

export const certificates = text(readCertificates, {
  allowed: 'the path of a PEM file with certificates',
  placeholder: placeholderCertificate,
  file: true,
})
export const certificate = z.strictObject({
  cert: certificates.meta({
    description: 'File with the certificate, then those that lead to a well-known authority, as PEM.',
    examples: ['./tls.crt'],
  }),
  key: secret(readPrivateKey, {
    allowed: 'the path of a PEM file with a private key that has no passphrase',
    placeholder: placeholderKey,
    secret: 'always',
    file: true,
  }).meta({ description: 'File with the private key of the certificate, as PEM.', examples: ['./tls.key'] }),
})
