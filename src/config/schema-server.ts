/** The settings of the process and of sessions. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { z } from 'zod'
import {
  address,
  certificate,
  certificates,
  day,
  duration,
  hour,
  kilobyte,
  megabyte,
  minute,
  reference,
  second,
  secret,
  size,
  text,
} from './schema-kinds.ts'
import { store } from './schema-store.ts'
import { readNoProxy, readProxyUrl, readPublicUrl } from './urls.ts'
import * as values from './values.ts'

const egress = z.strictObject({
  proxy: secret(readProxyUrl, {
    allowed: 'http://host:port or https://host:port; with a password, as a reference',
    placeholder: 'http://127.0.0.1:3128',
    secret: 'with-password',
  })
    .optional()
    .meta({
      description:
        'The HTTP proxy through which providers are asked, by CONNECT. The environment has no say unless it is named here; empty text stands for no proxy. Never for this machine itself.',
      examples: ['${env:HTTPS_PROXY:-}'],
    }),
  noProxy: z
    .array(text(readNoProxy, { allowed: 'a host, .suffix or *', placeholder: 'localhost' }))
    .prefault([])
    .meta({
      description: 'Hosts that are reached without the proxy; with all names below them.',
      examples: [['.contoso.com', '${env:NO_PROXY:-}']],
    }),
  ca: certificates.optional().meta({
    description:
      'File with certificates (PEM) of further authorities that may vouch for providers and for the proxy, such as those of a proxy that looks into TLS. The well-known ones stay trusted.',
    examples: ['./corporate-ca.pem'],
    aside: true,
  }),
})

const often = (usual: number) => z.int().min(0).max(1_000_000_000).default(usual)

export const server = z.strictObject({
  listen: address.prefault('0.0.0.0:8080').meta({ description: 'Where people reach the gateway.' }),
  management: address.prefault('127.0.0.1:9090').meta({
    description: 'Where /healthz, /readyz and /metrics answer. Not for the public: it has no sign-in.',
  }),
  tls: certificate
    .extend({
      redirectFrom: address.optional().meta({
        description: 'Where plain HTTP is taken, only to be redirected to https.',
        examples: ['0.0.0.0:80'],
      }),
      hsts: duration(0, 2 * 365 * day)
        .prefault('365d')
        .meta({
          description:
            'How long browsers are told to use nothing but https for the host (Strict-Transport-Security). `0s`: they are not told.',
        }),
    })
    .optional()
    .meta({
      description:
        'The listener speaks https with this certificate; tenants may have one of their own. Both files are read again when they change. Without it, something in front ends TLS.',
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
  timeouts: z
    .strictObject({
      headers: duration(second, 10 * minute)
        .prefault('30s')
        .meta({ description: 'How long the headers of a request may take to arrive.' }),
      body: duration(second, hour).prefault('60s').meta({
        description:
          'How long the body of a request may stand still. An upload that goes on may take as long as it needs.',
      }),
      keepAlive: duration(second, hour).prefault('75s').meta({
        description:
          'How long an idle connection is kept. Longer than the load balancer in front keeps it, so that no request meets a closed one.',
      }),
    })
    .prefault({})
    .meta({ description: 'How long callers may take.' }),
  limits: z
    .strictObject({
      headers: size(4 * kilobyte, 256 * kilobyte)
        .prefault('16KB')
        .meta({
          description: 'Largest size of all header fields of a request together.',
        }),
      connections: z.int().min(10).max(1_000_000).default(20_000).meta({
        description: 'How many connections of callers may be open; further ones are closed at once.',
      }),
      minimumRate: z.int().min(0).max(1_000_000).default(100).meta({
        description: 'Bytes per second that the body of a request must bring, measured over `timeouts.body`.',
      }),
      keptForms: size(64 * megabyte, 4_096 * megabyte)
        .prefault('64MB')
        .meta({
          description:
            'How much each gateway keeps of forms whose senders have to sign in first (`keepForms`), all together, in the session store. One caller gets at most a quarter.',
        }),
      webSockets: z.int().min(0).max(1_000_000).default(10_000).meta({
        description:
          'How many WebSockets may be open; further ones are refused with 503. Of people who are not signed in, half as many.',
      }),
      openPerPerson: z.int().min(1).max(1_000_000).default(500).meta({
        description:
          'How many WebSockets, and requests that take longer than ten seconds, one person may have open; further ones are refused with 429.',
      }),
      signIns: z
        .strictObject({
          perCaller: often(6_000).meta({
            description:
              'By callers of one address (IPv4) or one /64 network (IPv6) together. Generous, because a whole company may come from one address at nine.',
          }),
          perTenant: often(30_000).meta({
            description: 'At one tenant, so that a flood there leaves room for others.',
          }),
          overall: often(60_000).meta({ description: 'At all tenants.' }),
        })
        .prefault({})
        .meta({
          description:
            'How many sign-ins may be begun within a minute; further ones get 429. Counted over all replicas where sessions are in Redis. Whoever has a session, or began a sign-in here within the hour, has a budget of their own, and a sign-in that was begun is always finished. `0`: any number.',
        }),
      failures: often(600).meta({
        description:
          'How often one caller may bring within a minute what leads to nothing: answers to sign-ins that are not theirs, and sign-outs at a provider that end no session. `0`: any number.',
      }),
    })
    .prefault({})
    .meta({ description: 'How much callers may ask for.' }),
  egress: egress.prefault({}).meta({ description: 'How the gateway reaches providers.' }),
  consoleUrl: text(readPublicUrl, {
    allowed: 'https://host or https://host:port; http only for localhost',
    placeholder: 'https://placeholder.invalid',
  })
    .optional()
    .meta({
      description:
        'An origin of the gateway\u2019s own, for `breakGlass`: never that of an application, whose scripts share everything with it. Requests for it come to the same listener.',
      examples: ['https://gate.contoso.com'],
    }),
})

export const session = z.strictObject({
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
        'Sign cookies and seal sessions. The first is used for new ones, all of them open old ones, so a secret can be changed without signing anybody out. A new first one is used two minutes after a running gateway has read it, so that others may read it later.',
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
  revalidate: duration(minute, 90 * day)
    .prefault('15m')
    .meta({
      description:
        'How old the word of the provider for a person may be: then it is asked again, so that accounts that are switched off and groups that change are seen within this time. As long as `lifetime`, it is never asked.',
    }),
  perPerson: z
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .meta({
      description:
        'How many sessions a person may have at a tenant, in all browsers together. With a sign-in too many, the oldest session ends. Without a limit when not given.',
      examples: [5],
    }),
  store: store.prefault({ type: 'memory' }).meta({ description: 'Where sessions are kept.' }),
})
