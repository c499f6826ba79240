/** The settings of a provider: a directory of Microsoft Entra, or any other OpenID provider. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { z } from 'zod'
import { guid, line, name, reference, secret, text } from './schema-kinds.ts'
import { readAuthority, readIssuer } from './urls.ts'
import * as values from './values.ts'

const clientSecret = secret((written) => (written === '' ? { problem: 'this is empty' } : { value: written }), {
  allowed: reference,
  placeholder: 'placeholder',
  secret: 'always',
})

const providerName = name.meta({ description: 'What tenants call this provider.', examples: ['contoso'] })
const enabled = z.boolean().default(true)
const providerEnabled = enabled.meta({
  description:
    'Whether people can sign in with it. A provider that is switched off needs neither `clientId` nor `credential`.',
})

const credential = z
  .strictObject({
    secret: clientSecret.meta({
      description: 'The client secret; at Entra its value, not its ID.',
      examples: ['${env:CONTOSO_SECRET}'],
    }),
  })
  .optional()
  .meta({ description: 'How the gateway proves to the provider who it is.' })

const entraProvider = z.strictObject({
  kind: z
    .literal('entra')
    .optional()
    .meta({ description: 'One directory of Microsoft Entra; this is meant where nothing is said.' }),
  name: providerName,
  enabled: providerEnabled,
  tenantId: text(values.readDirectoryId, {
    allowed: 'Directory (tenant) ID, a GUID',
    placeholder: '00000000-0000-4000-8000-000000000000',
  }).meta({
    description: 'Directory (tenant) ID of the app registration. Only accounts of this directory get in.',
    examples: ['11111111-2222-3333-4444-555555555555'],
  }),
  clientId: guid.optional().meta({
    description: 'Application (client) ID of the app registration.',
    examples: ['66666666-7777-8888-9999-000000000000'],
  }),
  credential,
  authority: text(readAuthority, {
    allowed: 'an origin such as https://login.microsoftonline.com; http only on localhost',
    placeholder: 'https://placeholder.invalid',
  })
    .prefault('https://login.microsoftonline.com')
    .meta({ description: 'Origin of the sign-in service.' }),
})

const claimName = text(values.readClaimName, { allowed: 'the name of a claim', placeholder: 'placeholder' })

const plainProvider = z.strictObject({
  kind: z.literal('oidc').meta({ description: 'Any other OpenID provider.' }),
  name: providerName,
  enabled: providerEnabled,
  issuer: text(readIssuer, {
    allowed: 'an https URL, as the provider writes it; http only on localhost',
    placeholder: 'https://placeholder.invalid',
  }).meta({
    description: 'The issuer, exactly as the provider writes it: its discovery document is found below it.',
    examples: ['https://login.example.com/realms/staff'],
  }),
  clientId: line
    .optional()
    .meta({ description: 'The id under which the provider knows the gateway.', examples: ['sallyport'] }),
  credential: credential
    .unwrap()
    .extend({
      sentBy: z
        .enum(['post', 'basic'])
        .optional()
        .meta({
          description:
            'How the secret is sent: `post`, in the form; `basic`, in a header. Without it, as the provider announces.',
          examples: ['basic'],
        }),
    })
    .optional()
    .meta({ description: 'How the gateway proves to the provider who it is.' }),
  scopes: z
    .array(text(values.readScope, { allowed: 'a scope such as email', placeholder: 'email' }))
    .prefault(['profile', 'email'])
    .meta({ description: 'What is asked for beside `openid`.' }),
  groupsClaim: claimName.prefault('groups').meta({ description: 'The claim that lists the groups of a person.' }),
  appRolesClaim: claimName.prefault('roles').meta({ description: 'The claim that lists the app roles of a person.' }),
})

export const provider = z.discriminatedUnion('kind', [entraProvider, plainProvider])
