/** The settings of an application behind the gateway, and of a route. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { z } from 'zod'
import { readRoutePath } from './route-path.ts'
import { headers } from './schema-headers.ts'
import {
  certificate,
  certificates,
  day,
  duration,
  hour,
  limit,
  minute,
  name,
  roleName,
  second,
  text,
} from './schema-kinds.ts'
import { readLocation, readUpstreamUrl } from './urls.ts'
import * as values from './values.ts'

const timeouts = z.strictObject({
  connect: duration(second, hour).prefault('5s').meta({ description: 'How long a connection may take to open.' }),
  firstByte: duration(second, day)
    .prefault('60s')
    .meta({ description: 'How long the application may take to begin its answer.' }),
  idle: limit(day).prefault('0s').meta({
    description:
      'How long an answer may stand still once it has begun. Event streams are quiet for long: `0s` is no limit.',
  }),
})

export const upstream = z.strictObject({
  url: text(readUpstreamUrl, {
    allowed: 'an origin such as http://payroll.internal:8080',
    placeholder: 'http://placeholder.invalid',
  }).meta({
    description: 'Where the application listens: scheme, host and port.',
    examples: ['https://payroll.internal:8443'],
  }),
  socket: text(values.readSocketPath, { allowed: 'the absolute path of a Unix socket', placeholder: '/placeholder' })
    .optional()
    .meta({
      description: 'The Unix socket on which the application listens; `url` then only says the scheme and the name.',
      examples: ['/run/payroll/http.sock'],
    }),
  host: text(values.readHostHeader, { allowed: 'public, upstream, or a host', placeholder: 'public' })
    .prefault('public')
    .meta({
      description:
        'The Host header that the application sees: `public`, the one of `publicUrl`; `upstream`, the one of `url`; or any other.',
    }),
  ca: certificates.optional().meta({
    description:
      'File with the authorities, as PEM, that alone may vouch for the application, for `https`. Without it, the well-known ones.',
    examples: ['./internal-ca.pem'],
  }),
  clientCertificate: certificate
    .optional()
    .meta({ description: 'What the gateway shows to the application, for `https`.' }),
  serverName: text(values.readServerName, { allowed: 'a host name', placeholder: 'placeholder' })
    .optional()
    .meta({
      description:
        'The name that the certificate of the application must be for, for `https`. Without it, the host of `url`.',
      examples: ['payroll.internal'],
    }),
  timeouts: timeouts.prefault({}).meta({ description: 'How long the application may take.' }),
  bindCookies: z
    .array(
      text(values.readBoundCookie, {
        allowed: 'known, the name of a cookie (with * for any characters), or one with a hyphen before it',
        placeholder: 'known',
      }),
    )
    .prefault(['known'])
    .meta({
      description:
        'The cookies in which the application keeps its own sessions: they are bound to who is signed in, so that the next person in the same browser never continues the last one\u2019s. `known` stands for the usual names of servers and frameworks; `-JSESSIONID` leaves one out, which scripts read or other hosts share; `[]` binds none.',
      examples: [['known', 'MYAPPSID*']],
    }),
})

const accessWords = ['public', 'optional', 'signed-in'] as const

/** The same without defaults: what is not named is the upstream's. */
const routeTimeouts = z.strictObject({
  connect: timeouts.shape.connect
    .unwrap()
    .optional()
    .meta({ description: 'How long a connection may take to open.', examples: ['5s'] }),
  firstByte: timeouts.shape.firstByte
    .unwrap()
    .optional()
    .meta({ description: 'How long the application may take to begin its answer.', examples: ['5m'] }),
  idle: timeouts.shape.idle
    .unwrap()
    .optional()
    .meta({
      description: 'How long an answer may stand still once it has begun.',
      examples: ['1h'],
    }),
})

export const route = z.strictObject({
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
  authContext: name.optional().meta({
    description:
      'What must have been proved beside the sign-in: a name of `authContexts`, which every provider of the tenant must have. Who has not is asked by the provider and comes back; programs get 401 with what is missing.',
    examples: ['mfa'],
  }),
  authContextAge: duration(minute, 30 * day)
    .prefault('10h')
    .meta({
      description: 'How long a satisfied `authContext` counts for this route, at most as long as the session.',
    }),
  maxAge: duration(minute, 30 * day)
    .optional()
    .meta({
      description:
        'How long ago people may have proved to the provider who they are (`auth_time`); a minute more is let pass, since clocks differ. Who signed in earlier is asked again.',
      examples: ['10m'],
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
  onUnauthenticated: z.literal(['auto', 401]).default('auto').meta({
    allowed: 'auto or 401',
    placeholder: 'auto',
    description:
      'What becomes of requests without a session. `auto`: a page that is opened goes to the sign-in, everything else gets 401. `401`: everything gets 401, as programs want it.',
  }),
  keepsAlive: z.boolean().default(true).meta({
    description: 'Whether requests count as activity of the person. `false` for what asks by itself, such as a poll.',
  }),
  preflight: z.enum(['judge', 'forward']).default('judge').meta({
    description:
      'The preflights of CORS carry no cookies. `forward`: the application gets them without a sign-in and answers them; `judge`: they need what every request needs.',
  }),
  upstream: upstream.optional().meta({
    description: 'Another application for this route, in place of the tenant\u2019s.',
    keysAsIn: 'tenants[].upstream',
  }),
  timeouts: routeTimeouts.optional().meta({ description: 'Other limits for this route; what is not named stays.' }),
  headers: headers.optional().meta({
    description: 'Other identity headers for this route, in place of all of the tenant\u2019s.',
    keysAsIn: 'tenants[].headers',
  }),
  stripPrefix: text(readRoutePath, {
    allowed: 'the beginning of the route\u2019s path, such as /app',
    placeholder: '/placeholder',
  })
    .optional()
    .meta({
      description:
        'What is taken off the beginning of the path before the application sees it; X-Forwarded-Prefix tells it. All routes to one application take off the same.',
      examples: ['/admin'],
    }),
  redirect: z
    .strictObject({
      to: text(readLocation, { allowed: 'a path such as /start, or an https URL', placeholder: '/placeholder' }).meta({
        description: 'Where to: a path of this host, or a URL.',
        examples: ['/start'],
      }),
      status: z.literal([301, 302, 303, 307, 308]).default(302).meta({
        description: 'The status of the answer.',
        allowed: '301, 302, 303, 307 or 308',
        placeholder: 302,
      }),
    })
    .optional()
    .meta({ description: 'The gateway answers with a redirect; the application is not asked.', aside: true }),
  respond: z
    .strictObject({
      status: z.int().min(200).max(599).default(200).meta({ description: 'The status of the answer.' }),
      contentType: text(values.readContentType, {
        allowed: 'a media type such as text/html; charset=utf-8',
        placeholder: 'text/plain',
      })
        .prefault('text/plain; charset=utf-8')
        .meta({ description: 'The media type of the answer.' }),
      body: z
        .string()
        .max(4_096)
        .default('')
        .meta({
          description: 'The text of the answer, at most 4,096 characters.',
          examples: ['User-agent: *\nDisallow: /'],
        }),
    })
    .optional()
    .meta({ description: 'The gateway answers by itself; the application is not asked.', aside: true }),
})
