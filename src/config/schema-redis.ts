/** The settings of a Redis that is more than one server: behind Sentinel, as a cluster; and of TLS to either. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { z } from 'zod'
import { address, certificates, reference, secret, text } from './schema-kinds.ts'
import * as values from './values.ts'

const password = secret((written) => (written === '' ? { problem: 'this is empty' } : { value: written }), {
  allowed: reference,
  placeholder: 'placeholder',
  secret: 'always',
})
const line = text(values.readText, { allowed: 'one line of at most 200 characters', placeholder: 'placeholder' })

const credentials = {
  username: line
    .optional()
    .meta({ description: 'The user of Redis, where it has several (ACL).', examples: ['sallyport'] }),
  password: password.optional().meta({ description: 'The password of Redis.', examples: ['${env:REDIS_PASSWORD}'] }),
}

const natMap = z
  .record(z.string(), address)
  .prefault({})
  .meta({
    description:
      'Where the servers call themselves by addresses that cannot be reached from here: by `host:port` as they say it, the address to connect to.',
    examples: [{ '10.0.0.5:6379': 'redis-1.example.com:7001' }],
  })

const sentinel = z.strictObject({
  name: line.meta({ description: 'What the sentinels call the master.', examples: ['mymaster'] }),
  sentinels: z
    .array(address)
    .min(1)
    .max(20)
    .meta({
      description:
        'Where the sentinels listen; the first that answers is believed. Others that it knows are found by themselves.',
      examples: [['sentinel-0.internal:26379', 'sentinel-1.internal:26379', 'sentinel-2.internal:26379']],
    }),
  ...credentials,
  sentinelUsername: line
    .optional()
    .meta({ description: 'The user at the sentinels themselves.', examples: ['sallyport'] }),
  sentinelPassword: password
    .optional()
    .meta({ description: 'The password of the sentinels themselves.', examples: ['${env:SENTINEL_PASSWORD}'] }),
  database: z.int().min(0).max(999).default(0).meta({ description: 'The number of the database.' }),
  natMap,
})

const cluster = z.strictObject({
  nodes: z
    .array(address)
    .min(1)
    .max(100)
    .meta({
      description: 'Where some of the nodes listen, by which the others are found. Several, so that one may be away.',
      examples: [['redis-0.internal:6379', 'redis-1.internal:6379', 'redis-2.internal:6379']],
    }),
  ...credentials,
  natMap,
})

const tls = z.strictObject({
  ca: certificates.optional().meta({
    description:
      'File with the authorities, as PEM, that alone may vouch for Redis and the sentinels. Without it, the well-known ones.',
    examples: ['./redis-ca.pem'],
  }),
  serverName: text(values.readServerName, { allowed: 'a host name', placeholder: 'placeholder.invalid' })
    .optional()
    .meta({
      description: 'The name that the certificates must be for, where it is not that of the address.',
      examples: ['redis.internal'],
    }),
})

/** Beside `url`. */
export const redisPlaces = {
  sentinel: sentinel.optional().meta({
    description: 'In place of `url`, a master that sentinels watch over and replace.',
    aside: true,
  }),
  cluster: cluster.optional().meta({
    description: 'In place of `url`, a Redis Cluster.',
    aside: true,
  }),
  tls: tls.optional().meta({
    description:
      'With `sentinel` or `cluster`: connections are encrypted, to the sentinels too. With a `rediss://` URL: whom to trust.',
    aside: true,
  }),
}
