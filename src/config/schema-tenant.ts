/** The settings of a tenant, and what all tenants may share of them. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { z } from 'zod'
import { endpoints } from '../core/request/addresses.ts'
import { readCallbackPath } from './callback-path.ts'
import { kindOf } from './field.ts'
import { headers } from './schema-headers.ts'
import { certificate, line, name, text } from './schema-kinds.ts'
import { provider } from './schema-provider.ts'
import { role } from './schema-role.ts'
import { route, upstream } from './schema-route.ts'
import { readEmbedder, readPublicUrl } from './urls.ts'
import * as values from './values.ts'

export const tenant = z.strictObject({
  name: name.meta({
    description: 'What logs and metrics call this tenant. A tenant file may leave it out: its file name says it.',
    examples: ['payroll'],
  }),
  enabled: z
    .boolean()
    .default(true)
    .meta({ description: 'Whether the application can be opened. Its host stays its own.' }),
  publicUrl: text(readPublicUrl, {
    allowed: 'an https origin such as https://payroll.contoso.com; http only on localhost',
    placeholder: 'https://placeholder.invalid',
  }).meta({
    description:
      'Where people open the application: scheme, host and port. The Host header of a request must be this host.',
    examples: ['https://payroll.contoso.com'],
  }),
  aliases: z
    .array(
      text(readPublicUrl, {
        allowed: 'an https origin such as https://pay.contoso.com',
        placeholder: 'https://placeholder.invalid',
      }),
    )
    .prefault([])
    .meta({
      description: 'Further addresses of the application, which are redirected to `publicUrl`.',
      examples: [['https://pay.contoso.com']],
    }),
  tls: certificate.optional().meta({
    description: 'The certificate for the hosts of this tenant. Without it, that of `server.tls`.',
  }),
  providers: z
    .array(z.union([name, provider]))
    .min(1)
    .meta({
      allowed: 'names of providers, or providers of the tenant\u2019s own',
      description:
        'Who signs people in: names of shared providers, or providers of the tenant\u2019s own, written out. Where several are enabled, people choose.',
      examples: [['contoso']],
    }),
  roles: z.array(role).prefault([]).meta({
    description:
      'What groups, app roles and the like make of people, the highest role first. Without roles, everybody of the directory who can sign in is admitted.',
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
  guests: z.enum(['allow', 'deny']).default('allow').meta({
    description:
      'Whether guests of a directory get in: people who are at home in another one. Any sign of it counts: `acct`, `idp`, `#EXT#` in a user name.',
  }),
  require: z
    .strictObject({
      claims: z
        .array(text(values.readClaimName, { allowed: 'the name of a claim', placeholder: 'placeholder' }))
        .prefault([])
        .meta({
          description: 'Claims that must have a value; whoever lacks one does not get in, and is told which.',
          examples: [['email', 'employeeid']],
        }),
      emailDomains: z
        .array(text(values.readDomain, { allowed: 'a domain such as contoso.com', placeholder: 'placeholder.invalid' }))
        .prefault([])
        .meta({
          description:
            'Domains of which the e-mail address must be; not those below them. Only an address that somebody vouches for counts.',
          examples: [['contoso.com']],
        }),
    })
    .prefault({})
    .meta({ description: 'What people must have to get in, beside a role.' }),
  callbackPath: text(readCallbackPath, {
    allowed: 'a path such as /signin-oidc, of letters, digits and . _ ~ - /',
    placeholder: '/placeholder',
  })
    .prefault(endpoints.callback)
    .meta({
      description:
        'The path of the redirect URI, for a registration that must not change: exactly as it is registered there, also with a slash at its end. At this very path, GET belongs to the gateway.',
    }),
  upstream: upstream.optional().meta({
    description:
      'The application behind the gateway. May be left out where every route has its own, or answers by itself.',
  }),
  routes: z.array(route).min(1).optional().meta({
    description:
      'Who may open what. Without routes, everything needs `signed-in`; with routes, what none of them covers is closed.',
  }),
  headers: headers.prefault({}).meta({ description: 'Which headers tell the application who is signed in.' }),
  keepFragment: z.boolean().default(false).meta({
    description:
      'Whether people come back from the sign-in to the very fragment (`#…`) too, for applications that keep their pages there. Browsers tell it no server, so a page with a small script stands before the sign-in.',
  }),
  keepForms: text(values.readKeptForms, {
    allowed: `a size from 1KB to ${values.writeSize(values.largestKeptForm)}, such as 1MB, or off`,
    placeholder: 'off',
  })
    .prefault('1MB')
    .meta({
      description:
        'Up to which size a form is kept that somebody sends whose session has ended, or who has to prove something first: it goes on once they have signed in and say so. `off`: none is.',
    }),
  photo: z.boolean().default(false).meta({
    description:
      'Whether scripts of the application get a picture of the person at `/.auth/me/photo`: the photo that Microsoft Graph has, else the initials. Asks for `User.Read`.',
  }),
  cookie: z
    .strictObject({
      sameSite: z.enum(['lax', 'none']).default('lax').meta({
        description:
          'Whether browsers send our cookies inside frames of other sites. `none` gives up a protection of the browser, and the gateway refuses instead what other sites send; it is logged at every start.',
      }),
      embeddedBy: z
        .array(
          text(readEmbedder, {
            allowed: 'an https origin such as https://portal.contoso.com',
            placeholder: 'https://placeholder.invalid',
          }),
        )
        .prefault([])
        .meta({
          description:
            'Origins of other sites whose pages may show the application in a frame, with `sameSite: none`. All others are kept from it, whatever the application says.',
          examples: [['https://portal.fabrikam.com']],
          aside: true,
        }),
    })
    .prefault({})
    .meta({ description: 'The gateway\u2019s own cookies for this tenant.' }),
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

/** Anything a tenant may say, but what makes it this one. Nothing is required: each tenant adds what is missing. */
export const defaults = loosened(tenant.omit({ name: true, publicUrl: true, aliases: true, enabled: true }))

/** The same mapping with every key optional, also in the mappings below it; entries of lists stay whole. */
export function loosened(mapping: z.ZodObject): z.ZodObject {
  const shape = Object.entries(mapping.shape).map(([key, field]) => {
    const below = inside(field)
    const loose = below instanceof z.ZodObject ? loosened(below) : below
    return [key, loose.optional().meta({ ...kindOf(field), ...presetOf(field) })] as const
  })
  return z.strictObject(Object.fromEntries(shape))
}

/** Without the default around it: that of the tenant is what counts. */
function inside(field: z.core.$ZodType): z.ZodType {
  if (field instanceof z.ZodDefault || field instanceof z.ZodPrefault || field instanceof z.ZodOptional) {
    return inside(field.def.innerType)
  }
  return field as z.ZodType
}

/** For editors only: a value that is filled in here would hide the tenant's. */
function presetOf(field: z.core.$ZodType): { readonly default?: unknown } {
  if (field instanceof z.ZodOptional) return presetOf(field.def.innerType)
  return field instanceof z.ZodDefault || field instanceof z.ZodPrefault ? { default: field.def.defaultValue } : {}
}
