/**
 * Every setting, once: its type, rule, default, sentence and example. Types, validation, editor completion, the reference file
 * and the README's table all come from here (`npm run generate`).
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { z } from 'zod'
import { breakGlass } from './schema-break-glass.ts'
import { text } from './schema-kinds.ts'
import { provider } from './schema-provider.ts'
import { server, session } from './schema-server.ts'
import { defaults, tenant } from './schema-tenant.ts'
import * as values from './values.ts'

export const tenantSchema = tenant

const oneOrMore = (each: ReturnType<typeof text<string>>) => z.union([each, z.array(each).min(1)])

const tenantFiles = z.strictObject({
  path: oneOrMore(
    text(values.readPattern, {
      allowed: 'a path such as tenants/*.yaml: `*` only in the file name',
      placeholder: 'placeholder/*.yaml',
    }),
  ).meta({
    description: 'Where the files are: a folder and a pattern, or several.',
    allowed: 'a path such as tenants/*.yaml, or a list of such',
    placeholder: 'placeholder/*.yaml',
    examples: ['tenants/*.yaml'],
  }),
  secrets: oneOrMore(text(values.readText, { allowed: 'the path of a folder', placeholder: 'placeholder' }))
    .optional()
    .meta({
      description:
        'Folders with the secrets of the tenants: in `payroll.yaml`, `${file:client-secret}` is `<folder>/payroll/client-secret` or `<folder>/payroll.client-secret`, and nothing else can be read.',
      allowed: 'the path of a folder, or a list of such',
      placeholder: 'placeholder',
      examples: ['/run/secrets/tenants'],
    }),
})

export const documentSchema = z.strictObject({
  version: z.literal(1).meta({ description: 'The version of this format.', examples: [1] }),
  allowInlineSecrets: z.boolean().default(false).meta({
    description:
      'Lets secrets stand in the file as plain text. For experiments only: files are copied, mailed and committed.',
  }),
  server: server.prefault({}).meta({ description: 'The process: where it listens, what it logs, how it stops.' }),
  session: session.meta({ description: 'How long people stay signed in, and where that is kept.' }),
  providers: z.array(provider).prefault([]).meta({
    description: 'Ways to sign in that tenants share: one entry per app registration.',
  }),
  breakGlass: breakGlass.optional().meta({
    description:
      'Accounts of the gateway itself, for when no provider answers. Left out, nobody comes in but through a provider.',
    aside: true,
  }),
  defaults: defaults.prefault({}).meta({
    description:
      'What holds for every tenant that does not say otherwise, any key of a tenant but name, publicUrl, aliases and enabled: mappings are merged, lists replaced.',
    keysAsIn: 'tenants[]',
  }),
  tenantFiles: tenantFiles.optional().meta({
    description:
      'Tenants in files of their own: each is one tenant, named after its file, and may be added, changed and taken away while the gateway runs.',
    aside: true,
  }),
  tenants: z.array(tenant).prefault([]).meta({ description: 'The applications: one entry per public address.' }),
})

/** A checked document: defaults filled in, every value read. */
export type Document = z.output<typeof documentSchema>
export type TenantDocument = Document['tenants'][number]
export type ProviderDocument = Document['providers'][number]
export type CredentialDocument = NonNullable<ProviderDocument['credential']>
export type RouteDocument = NonNullable<TenantDocument['routes']>[number]
export type UpstreamDocument = NonNullable<TenantDocument['upstream']>
