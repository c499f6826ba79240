/** The settings of a provider: Microsoft Entra, or any other OpenID provider. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { z } from 'zod'
import { readAcrValue, readContextId } from './context-id.ts'
import { unlessPasted } from './instead.ts'
import { directoryKeys } from './schema-graph.ts'
import { certificate, guid, line, name, reference, secret, text } from './schema-kinds.ts'
import { readAuthority, readIssuer } from './urls.ts'
import * as values from './values.ts'

const clientSecret = secret((written) => (written === '' ? { problem: 'this is empty' } : { value: written }), {
  allowed: reference,
  placeholder: 'placeholder',
  secret: 'always',
})

const providerName = name.meta({ description: 'What tenants call this provider.', examples: ['contoso'] })
const shown = {
  label: line.optional().meta({
    description:
      'What its button says, where people choose between several providers. Without it, the name of the provider.',
    examples: ['Sign in with Microsoft'],
  }),
  emailDomains: z
    .array(text(values.readDomain, { allowed: 'a domain such as contoso.com', placeholder: 'placeholder.invalid' }))
    .prefault([])
    .meta({
      description:
        'Domains of the e-mail addresses of its people: whoever states such an address on the sign-in page goes to this provider. It chooses the way, and vouches for nothing.',
      examples: [['contoso.com']],
    }),
}
const contextsMeta = {
  description:
    'Our names of authentication contexts, which routes ask for with `authContext`, and what the provider calls each: at Entra the ID of an authentication context (`c1` to `c99`) of Conditional Access; elsewhere a value of the claim `acr`.',
}
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
  kind: z.literal('entra').optional().meta({ description: 'Microsoft Entra; this is meant where nothing is said.' }),
  name: providerName,
  enabled: providerEnabled,
  ...shown,
  tenantId: text(unlessPasted('tenantId', values.readDirectoryId), {
    allowed: 'a Directory (tenant) ID, a verified domain, organizations, common or consumers',
    placeholder: '00000000-0000-4000-8000-000000000000',
  }).meta({
    description:
      'Whose accounts get in: a Directory (tenant) ID, or a verified domain of a directory. For an app registration that is for several directories `organizations`; with personal Microsoft accounts `common`; for these alone `consumers`.',
    examples: ['11111111-2222-3333-4444-555555555555'],
  }),
  allowedTenantIds: z
    .array(guid)
    .min(1)
    .optional()
    .meta({
      description:
        'The directories whose accounts get in; required with `organizations` and `common`, since Microsoft Entra itself lets in those of any. With a domain, the id that it must stand for.',
      examples: [['11111111-2222-3333-4444-555555555555']],
      aside: true,
    }),
  cloud: z.enum(['global', 'us-gov', 'us-gov-dod', 'china']).default('global').meta({
    description: 'Which of Microsoft\u2019s clouds the directory is in.',
  }),
  clientId: guid.optional().meta({
    description: 'Application (client) ID of the app registration.',
    examples: ['66666666-7777-8888-9999-000000000000'],
  }),
  credential: z
    .strictObject({ ...credentialKeys, ...federatedKeys })
    .optional()
    .meta(credentialMeta),
  authContexts: z
    .record(
      z.string(),
      text(readContextId, { allowed: 'the ID of an authentication context, c1 to c99', placeholder: 'c1' }),
    )
    .prefault({})
    .meta({ ...contextsMeta, examples: [{ mfa: 'c1' }] }),
  authority: text(unlessPasted('authority', readAuthority), {
    allowed: 'cloud, or an origin such as https://login.microsoftonline.com; http only on localhost',
    placeholder: 'https://placeholder.invalid',
  })
    .prefault('cloud')
    .meta({
      description:
        'Origin of the sign-in service: `cloud`, that of the cloud; `https://<directory id>.ciamlogin.com` for an external tenant.',
      examples: ['https://11111111-2222-3333-4444-555555555555.ciamlogin.com'],
    }),
  ...directoryKeys,
})

const claimName = text(values.readClaimName, { allowed: 'the name of a claim', placeholder: 'placeholder' })

const plainProvider = z.strictObject({
  kind: z.literal('oidc').meta({ description: 'Any other OpenID provider.' }),
  name: providerName,
  enabled: providerEnabled,
  ...shown,
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
    .meta({
      description:
        'What is asked for beside `openid`. With `offline_access`, where the provider has it, sessions are revalidated in the background; without it by a redirect that shows nothing.',
    }),
  authContexts: z
    .record(z.string(), text(readAcrValue, { allowed: 'a value of `acr`', placeholder: 'placeholder' }))
    .prefault({})
    .meta({ ...contextsMeta, examples: [{ mfa: 'https://refeds.org/profile/mfa' }] }),
  groupsClaim: claimName.prefault('groups').meta({ description: 'The claim that lists the groups of a person.' }),
  appRolesClaim: claimName.prefault('roles').meta({ description: 'The claim that lists the app roles of a person.' }),
})

export const provider = z.discriminatedUnion('kind', [entraProvider, plainProvider])
