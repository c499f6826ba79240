/**
 * Every setting, once: its type, rule, default, sentence and example. Types, validation, editor completion, the reference file
 * and the README's table all come from here (`npm run generate`).
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { z } from 'zod'
import { presets } from '../core/answer/presets.ts'
import { Secret } from '../core/secret.ts'
import { readRoutePath } from './route-path.ts'
import { readTemplate, readUserTemplate } from './template.ts'
import { readAuthority, readPublicUrl, readRedisUrl, readUpstreamUrl } from './urls.ts'
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
}

function text<T>(read: (written: string) => Reading<T>, kind: Kind) {
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

function duration(least: number, most: number) {
  const [from, to] = [values.writeDuration(least), values.writeDuration(most)]
  return text((written) => values.readDuration(written, least, most), {
    allowed: `a duration from ${from} to ${to}, such as 10h, 15m, 30s or 1h30m`,
    placeholder: from,
  })
}

/** A value that the compiled model holds as a `Secret`. */
function secret(
  read: (written: string) => Reading<string>,
  kind: Kind & { readonly secret: NonNullable<Kind['secret']> },
) {
  return text((written) => {
    const found = read(written)
    return 'value' in found ? { value: new Secret(found.value) } : found
  }, kind)
}

const [second, minute, hour, day] = [1, 60, 3_600, 86_400]
const reference = 'a reference: ${env:NAME} or ${file:/path}'

const name = text(values.readName, { allowed: 'small letters, digits and hyphens, at most 63, the first no hyphen' })
const line = text(values.readText, { allowed: 'one line of at most 200 characters', placeholder: 'placeholder' })
const roleName = text(values.readRoleName, {
  allowed: 'the name of a role: one line without comma',
  placeholder: 'placeholder',
})
const guid = text(values.readGuid, {
  allowed: 'a GUID, such as 11111111-2222-3333-4444-555555555555',
  placeholder: '00000000-0000-4000-8000-000000000000',
})
const address = text(values.readAddress, {
  allowed: 'host:port, such as 127.0.0.1:8080 or [::1]:8080',
  placeholder: '127.0.0.1:8080',
})

const server = z.strictObject({
  listen: address.prefault('0.0.0.0:8080').meta({ description: 'Where people reach the gateway.' }),
  management: address.prefault('127.0.0.1:9090').meta({
    description: 'Where /healthz, /readyz and /metrics answer. Not for the public: it has no sign-in.',
  }),
  trustedProxies: z
    .array(
      text(values.readTrustedProxy, {
        allowed: 'an IP address or a CIDR block, such as 10.0.0.0/8',
        placeholder: '127.0.0.1',
      }),
    )
    .prefault([])
    .meta({
      description:
        'Proxies in front of the gateway whose X-Forwarded-For is believed. The tenant always comes from Host, the scheme from `publicUrl`.',
      examples: [['10.0.0.0/8']],
    }),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .meta({ description: 'The least important lines that are written.' }),
      requests: z.enum(['refused', 'all']).default('refused').meta({
        description: 'Which requests get a line of their own: those that were refused or failed, or all.',
      }),
    })
    .prefault({})
    .meta({ description: 'What is logged, as JSON lines on standard output.' }),
  drain: duration(0, hour).prefault('25s').meta({
    description: 'How long a shut-down waits for requests in flight. Kubernetes kills after 30s unless told otherwise.',
  }),
})

const store = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('memory').meta({ description: 'In this process: for one gateway; a restart signs everybody out.' }),
    maxSessions: z.int().min(1).max(10_000_000).default(100_000).meta({
      description: 'When there are more, the session that was unused longest ends.',
    }),
  }),
  z.strictObject({
    type: z.literal('redis').meta({ description: 'In Redis: for several gateways; sessions survive a restart.' }),
    url: secret(readRedisUrl, {
      allowed: 'redis://host:6379, rediss://host:6379 (TLS); with a password, as a reference',
      placeholder: 'redis://127.0.0.1:6379',
      secret: 'with-password',
    }).meta({
      description: 'Where Redis listens. With a password in it, the URL is a secret and must be a reference.',
      examples: ['redis://redis.internal:6379'],
    }),
    prefix: name
      .prefault('sallyport')
      .meta({ description: 'What every key in Redis begins with, so that several gateways can share one.' }),
  }),
])

const session = z.strictObject({
  secrets: z
    .array(
      secret(values.readSigningSecret, {
        allowed: `${reference}, to at least 32 bytes; \`sallyport keygen\` makes one`,
        placeholder: 'placeholder-placeholder-placeholder',
        secret: 'always',
      }),
    )
    .min(1)
    .meta({
      description:
        'Sign cookies and seal sessions. The first is used for new ones, all of them open old ones, so a secret can be changed without signing anybody out.',
      examples: [['${file:/run/secrets/session}']],
    }),
  lifetime: duration(minute, 90 * day)
    .prefault('10h')
    .meta({
      description: 'How long a session lasts, counted from sign-in, however active the person is.',
    }),
  idle: duration(minute, 90 * day)
    .prefault('1h')
    .meta({ description: 'How long a session lasts without a request. At most `lifetime`.' }),
  store: store.prefault({ type: 'memory' }).meta({ description: 'Where sessions are kept.' }),
})

const provider = z.strictObject({
  name: name.meta({ description: 'What tenants call this provider.', examples: ['contoso'] }),
  tenantId: text(values.readDirectoryId, {
    allowed: 'Directory (tenant) ID, a GUID',
    placeholder: '00000000-0000-4000-8000-000000000000',
  }).meta({
    description: 'Directory (tenant) ID of the app registration. Only accounts of this directory get in.',
    examples: ['11111111-2222-3333-4444-555555555555'],
  }),
  clientId: guid.meta({
    description: 'Application (client) ID of the app registration.',
    examples: ['66666666-7777-8888-9999-000000000000'],
  }),
  credential: z
    .strictObject({
      secret: secret((written) => (written === '' ? { problem: 'this is empty' } : { value: written }), {
        allowed: reference,
        placeholder: 'placeholder',
        secret: 'always',
      }).meta({
        description: 'The value of a client secret of the app registration (not its ID).',
        examples: ['${env:CONTOSO_SECRET}'],
      }),
    })
    .meta({ description: 'How the gateway proves to the provider that it is this application.' }),
  authority: text(readAuthority, {
    allowed: 'an origin such as https://login.microsoftonline.com; http only on localhost',
    placeholder: 'https://placeholder.invalid',
  })
    .prefault('https://login.microsoftonline.com')
    .meta({ description: 'Origin of the sign-in service.' }),
})

const role = z.strictObject({
  name: roleName.meta({ description: 'What routes ask for, and what the application is told.', examples: ['admin'] }),
  groups: z
    .array(guid)
    .prefault([])
    .meta({
      description: 'Object IDs of groups whose members have the role.',
      examples: [['aaaaaaaa-1111-2222-3333-444444444444']],
    }),
  appRoles: z
    .array(line)
    .prefault([])
    .meta({
      description: 'Values of app roles of the app registration that give the role.',
      examples: [['Payroll.Admin']],
    }),
})

const accessWords = ['public', 'optional', 'signed-in'] as const

const route = z.strictObject({
  path: text(readRoutePath, {
    allowed: 'a decoded path such as /admin, without trailing dots, `//`, `%` or `;`',
    placeholder: '/placeholder',
  }).meta({
    description:
      'The path and everything below it; the longest that fits wins. `/admin` does not cover `/administration`.',
    examples: ['/admin'],
  }),
  access: z.union([z.enum(accessWords), z.array(roleName).min(1)]).meta({
    allowed: `${accessWords.join(', ')}, or a list of roles such as [admin]`,
    placeholder: 'signed-in',
    description:
      'Who may pass: `public` everybody, unseen; `optional` everybody, and who is signed in is named to the application; `signed-in` everybody with an account and, where the tenant has roles, a role; or whoever has one of the roles listed.',
    examples: [['admin']],
  }),
  exact: z
    .boolean()
    .default(false)
    .meta({ description: 'Only this very path, nothing below it; a trailing slash then counts.' }),
  methods: z
    .array(text(values.readMethod, { allowed: 'a method of HTTP in capital letters, such as GET', placeholder: 'GET' }))
    .min(1)
    .optional()
    .meta({
      description:
        'The methods that the route is for; GET includes HEAD. Without it, all. What no route of the path allows is refused.',
      examples: [['GET', 'POST']],
    }),
})

const template = text(readTemplate, {
  allowed: 'text with {claim.NAME}, {roles} or {groups}',
  placeholder: 'placeholder',
})

const headers = z.strictObject({
  presets: z
    .array(z.enum(Object.keys(presets) as (keyof typeof presets)[]))
    .prefault([])
    .meta({
      description: `Sets of headers that many applications know. x-forwarded sends ${presets['x-forwarded'].map((header) => header.name).join(', ')}.`,
      examples: [['x-forwarded']],
    }),
  user: text(readUserTemplate, { allowed: 'the name of a claim, or text with {claim.NAME}', placeholder: 'oid' })
    .prefault('oid')
    .meta({
      description:
        'What a preset sends as the user: a claim, or a template. `oid` never changes; e-mail addresses and user names do.',
      examples: ['preferred_username'],
    }),
  set: z
    .record(z.string(), template)
    .prefault({})
    .meta({
      description: 'Further headers, name to template. A header whose placeholder has no value is not sent.',
      examples: [{ 'X-Employee': '{claim.employeeid}' }],
    }),
  encoding: z.enum(['utf8', 'latin1', 'percent', 'rfc2047', 'base64']).default('utf8').meta({
    description: 'How characters outside of ASCII travel in these headers.',
  }),
})

const tenant = z.strictObject({
  name: name.meta({ description: 'What logs and metrics call this tenant.', examples: ['payroll'] }),
  publicUrl: text(readPublicUrl, {
    allowed: 'an https origin such as https://payroll.contoso.com; http only on localhost',
    placeholder: 'https://placeholder.invalid',
  }).meta({
    description:
      'Where people open the application: scheme, host and port. The Host header of a request must be this host.',
    examples: ['https://payroll.contoso.com'],
  }),
  providers: z
    .array(name)
    .length(1)
    .meta({ description: 'The name of the provider that signs people in: exactly one.', examples: [['contoso']] }),
  roles: z.array(role).prefault([]).meta({
    description:
      'What groups and app roles make of people, the highest role first. Without roles, everybody of the directory who can sign in is admitted.',
  }),
  noRole: text(values.readText, { allowed: 'refuse, allow, or the name of a role', placeholder: 'refuse' })
    .prefault('refuse')
    .meta({
      description:
        'What becomes of people who match none of the roles: `refuse`, `allow`, or the name of a role that they get.',
    }),
  sendRoles: z.enum(['all', 'highest']).default('all').meta({
    description: 'Which roles the application is told: all that match, or only the first.',
  }),
  upstream: z
    .strictObject({
      url: text(readUpstreamUrl, {
        allowed: 'an origin such as http://payroll.internal:8080',
        placeholder: 'http://placeholder.invalid',
      }).meta({
        description: 'Where the application listens: scheme, host and port.',
        examples: ['http://payroll.internal:8080'],
      }),
      timeouts: z
        .strictObject({
          connect: duration(second, hour)
            .prefault('5s')
            .meta({ description: 'How long a connection may take to open.' }),
          firstByte: duration(second, day)
            .prefault('60s')
            .meta({ description: 'How long the application may take to begin its answer.' }),
        })
        .prefault({})
        .meta({ description: 'How long the application may take.' }),
    })
    .meta({ description: 'The application behind the gateway.' }),
  routes: z.array(route).min(1).optional().meta({
    description:
      'Who may open what. Without routes, everything needs `signed-in`; with routes, what none of them covers is closed.',
  }),
  headers: headers.prefault({}).meta({ description: 'Which headers tell the application who is signed in.' }),
  branding: z
    .strictObject({
      name: line.optional().meta({
        description: 'What pages call the application. Without it, the name of the tenant.',
        examples: ['Payroll'],
      }),
      support: line.optional().meta({
        description: 'Whom people can ask: an e-mail address or a phone number.',
        examples: ['it@contoso.com'],
      }),
    })
    .prefault({})
    .meta({ description: 'What the gateway\u2019s own pages show.' }),
})

export const documentSchema = z.strictObject({
  version: z.literal(1).meta({ description: 'The version of this format.', examples: [1] }),
  allowInlineSecrets: z.boolean().default(false).meta({
    description:
      'Lets secrets stand in the file as plain text. For experiments only: files are copied, mailed and committed.',
  }),
  server: server.prefault({}).meta({ description: 'The process: where it listens, what it logs, how it stops.' }),
  session: session.meta({ description: 'How long people stay signed in, and where that is kept.' }),
  providers: z.array(provider).min(1).meta({ description: 'Ways to sign in: one entry per app registration.' }),
  tenants: z.array(tenant).min(1).meta({ description: 'The applications: one entry per public address.' }),
})

/** A checked document: defaults filled in, every value read. */
export type Document = z.output<typeof documentSchema>
export type TenantDocument = Document['tenants'][number]
