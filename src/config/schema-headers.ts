/** The settings of the headers that tell the application who is signed in. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are written so
import { z } from 'zod'
import { presets } from '../core/answer/presets.ts'
import { text } from './schema-kinds.ts'
import { readHeaderName, readTemplate, readUserTemplate } from './template.ts'
import * as values from './values.ts'

const template = text(readTemplate, {
  allowed: 'text with {claim.NAME}, {graph.PROPERTY}, {roles} or {groups}',
  placeholder: 'placeholder',
})

export const headers = z.strictObject({
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
      description:
        'Further headers, name to template. A header whose placeholder has no value is not sent. `{graph.…}` is a property that Microsoft Graph has of the person, read at each sign-in and whenever the provider is asked again.',
      examples: [{ 'X-Employee': '{claim.employeeid}' }],
    }),
  accessToken: z
    .strictObject({
      scope: text(values.readScope, {
        allowed: 'a scope such as api://payroll/.default',
        placeholder: 'placeholder',
      }).meta({
        description:
          'What the token is for: one resource; at Entra as its API has it, with `.default` for all that is consented.',
        examples: ['api://payroll/.default'],
      }),
      header: text(readHeaderName, { allowed: 'the name of a header', placeholder: 'Authorization' })
        .prefault('Authorization')
        .meta({
          description:
            'Where it is sent: in `Authorization` as `Bearer` and the token, in any other header the token alone.',
          examples: ['X-Access-Token'],
        }),
    })
    .optional()
    .meta({
      description:
        'An access token of the person for the application, kept fresh. Without one nobody is let through to it. Only where the application must call an API in the person\u2019s name.',
      aside: true,
    }),
  encoding: z.enum(['utf8', 'latin1', 'percent', 'rfc2047', 'base64']).default('utf8').meta({
    description: 'How characters outside of ASCII travel in these headers.',
  }),
})
