/** The settings of a provider: a directory of Microsoft Entra, or any other OpenID provider. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { z } from 'zod'
import { unlessPasted } from './instead.ts'
import { certificate, guid, line, name, reference, secret, text } from './schema-kinds.ts'
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

const credentialKeys = {
  secret: clientSecret.optional().meta({
    description: 'The client secret; at Entra its value, not its ID.',
    examples: ['${env:CONTOSO_SECRET}'],
  }),
  secrets: z
    .array(clientSecret)
    .min(1)
    .max(5)
    .optional()
    .meta({
      description:
        'In place of `secret`, several that are valid at the same time, the new one before the old: what the provider refuses is passed over, with an alarm.',
      examples: [['${env:CONTOSO_SECRET_NEW}', '${env:CONTOSO_SECRET}']],
      aside: true,
    }),
  secretExpiresOn: text(values.readDate, { allowed: 'a date such as 2027-01-31', placeholder: '2100-01-01' })
    .optional()
    .meta({
      description:
        'The day on which the secret (the first of `secrets`) expires, as the portal shows it: the log, the metrics and /readyz warn from 30 days before.',
      examples: ['2027-01-31'],
      aside: true,
    }),
  certificate: certificate.optional().meta({
    description:
      'In place of a secret, a certificate that is registered with the provider: its key signs who we are (RFC 7523). Both files are read again when they change.',
    aside: true,
  }),
}

const federatedKeys = {
  federated: z
    .enum(['workload-identity', 'managed-identity'])
    .optional()
    .meta({
      description:
        'In place of a secret, a federated credential of the app registration: `workload-identity`, the token that Kubernetes keeps in a file; `managed-identity`, that of the virtual machine, container or App Service. Not in tenant files: the identity is that of the gateway.',
      examples: ['workload-identity'],
      aside: true,
    }),
  tokenFile: text(values.readAbsolutePath, { allowed: 'an absolute path', placeholder: '/placeholder' })
    .optional()
    .meta({
      description:
        'With `workload-identity`: where the token is, read again for every use. Without it, the file that AZURE_FEDERATED_TOKEN_FILE names.',
      examples: ['/var/run/secrets/azure/tokens/azure-identity-token'],
      aside: true,
    }),
  identity: guid.optional().meta({
    description: 'With `managed-identity`: the client id of the identity, where the machine has several.',
    examples: ['77777777-8888-9999-aaaa-000000000000'],
    aside: true,
  }),
}

const credentialMeta = { description: 'How the gateway proves to the provider who it is. Exactly one form.' }

const entraProvider = z.strictObject({
  kind: z
    .literal('entra')
    .optional()
    .meta({ description: 'One directory of Microsoft Entra; this is meant where nothing is said.' }),
  name: providerName,
  enabled: providerEnabled,
  tenantId: text(unlessPasted('tenantId', values.readDirectoryId), {
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
  credential: z
    .strictObject({ ...credentialKeys, ...federatedKeys })
    .optional()
    .meta(credentialMeta),
  authority: text(unlessPasted('authority', readAuthority), {
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
  issuer: text(unlessPasted('issuer', readIssuer), {
    allowed: 'an https URL, as the provider writes it; http only on localhost',
    placeholder: 'https://placeholder.invalid',
  }).meta({
    description: 'The issuer, exactly as the provider writes it: its discovery document is found below it.',
    examples: ['https://login.example.com/realms/staff'],
  }),
  clientId: line
    .optional()
    .meta({ description: 'The id under which the provider knows the gateway.', examples: ['sallyport'] }),
  credential: z
    .strictObject({
      ...credentialKeys,
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
    .meta(credentialMeta),
  scopes: z
    .array(text(values.readScope, { allowed: 'a scope such as email', placeholder: 'email' }))
    .prefault(['profile', 'email'])
    .meta({ description: 'What is asked for beside `openid`.' }),
  groupsClaim: claimName.prefault('groups').meta({ description: 'The claim that lists the groups of a person.' }),
  appRolesClaim: claimName.prefault('roles').meta({ description: 'The claim that lists the app roles of a person.' }),
})

export const provider = z.discriminatedUnion('kind', [entraProvider, plainProvider])
