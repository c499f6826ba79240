/** Accounts of the gateway itself, for when the provider is away. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { BreakGlassSettings } from '../core/gateway.ts'
import { readPasswordHash } from '../core/identity/password-hash.ts'
import type { Document } from './schema.ts'
import { day, duration, hour, minute, name, reference, roleName, secret, text } from './schema-kinds.ts'
import type { Reading } from './values.ts'
import * as values from './values.ts'

const account = z.strictObject({
  name: name.meta({
    description: 'What the person types, and what the application and the log show, as `break-glass:<name>`.',
    examples: ['anna'],
  }),
  password: secret(readHash, {
    allowed: `${reference}, to what \`sallyport hash-password\` prints`,
    placeholder: `$scrypt$ln=17,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`,
    secret: 'always',
  }).meta({
    description: 'The hash of the password, never the password itself.',
    examples: ['${file:/run/secrets/break-glass-anna}'],
  }),
  tenants: z
    .array(name)
    .min(1)
    .meta({ description: 'The tenants that let the account in, by name.', examples: [['payroll']] }),
  role: roleName.meta({
    description: 'The one role that it has there, whatever the role map says: one of the roles of these tenants.',
    examples: ['admin'],
  }),
})

export const breakGlass = z.strictObject({
  open: z.enum(['on-outage', 'by-operator']).default('on-outage').meta({
    description:
      'When the accounts are let in. `on-outage`: by itself too, for a tenant none of whose providers has answered for the time of `outage`. `by-operator`: only while the file of `openWhile` exists.',
  }),
  outage: duration(minute, day).prefault('5m').meta({
    description: 'How long the providers of a tenant must have been silent.',
  }),
  openWhile: text(values.readAbsolutePath, { allowed: 'an absolute path', placeholder: '/placeholder' })
    .optional()
    .meta({
      description:
        'A file that opens it for all these tenants as long as it exists, whatever it holds; for drills too.',
      examples: ['/run/sallyport/break-glass'],
    }),
  lifetime: duration(minute, 12 * hour)
    .prefault('1h')
    .meta({ description: 'How long such a session lasts.' }),
  grace: duration(0, hour)
    .prefault('15m')
    .meta({ description: 'How long such sessions go on after it has closed, when people can sign in as always.' }),
  accounts: z
    .array(account)
    .min(1)
    .meta({ description: 'The accounts: one for each person, so that the log says who.' }),
})

function readHash(written: string): Reading<string> {
  const found = readPasswordHash(written)
  return 'problem' in found ? found : { value: written }
}

/** @param written of a document without issues. */
export function compileBreakGlass(written: Document['breakGlass']): BreakGlassSettings | null {
  if (written === undefined) return null
  return {
    ...{ opens: written.open, outageSeconds: written.outage, openWhile: written.openWhile ?? null },
    ...{ lifetimeSeconds: written.lifetime, graceSeconds: written.grace },
    accounts: written.accounts.map(({ name: called, password, tenants, role }) => {
      return { name: called, password, tenants, role, authority: fingerprint(called, password.reveal()) }
    }),
  }
}

/** Sessions are of an account with this password: they end when it gets another one. The hash has a salt of 128 bits. */
function fingerprint(called: string, hash: string): string {
  return `break-glass ${createHash('sha256').update(`${called}\n${hash}`).digest('base64url').slice(0, 22)}`
}
