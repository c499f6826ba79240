/** The settings of the stores of sessions. */
import { z } from 'zod'
import { name, secret, text } from './schema-kinds.ts'
import { redisPlaces } from './schema-redis.ts'
import { readRedisUrl } from './urls.ts'
import { readText } from './values.ts'

export const store = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('memory').meta({ description: 'In this process: for one gateway; a restart signs everybody out.' }),
    maxSessions: z.int().min(1).max(10_000_000).default(100_000).meta({
      description: 'When there are more, the session that was unused longest ends.',
    }),
  }),
  z.strictObject({
    type: z.literal('file').meta({ description: 'In a file: for one gateway; sessions survive a restart.' }),
    path: text(readText, { allowed: 'the path of a file', placeholder: '/placeholder/sessions.db' }).meta({
      description:
        'The file, made at the first start, on a disk of this machine. Three more appear beside it, whose names begin alike. Relative paths begin at the folder of this configuration.',
      examples: ['/var/lib/sallyport/sessions.db'],
    }),
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
    })
      .optional()
      .meta({
        description:
          'Where Redis listens: exactly one of `url`, `sentinel` and `cluster`. With a password in it, the URL is a secret and must be a reference.',
        examples: ['redis://redis.internal:6379'],
      }),
    ...redisPlaces,
    prefix: name
      .prefault('sallyport')
      .meta({ description: 'What every key in Redis begins with, so that several gateways can share one.' }),
  }),
])
