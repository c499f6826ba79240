/** The settings of the stores of sessions. */
import { z } from 'zod'
import { name, secret } from './schema-kinds.ts'
import { redisPlaces } from './schema-redis.ts'
import { readRedisUrl } from './urls.ts'

export const store = z.discriminatedUnion('type', [
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
