// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { env, linesOf, load, minimal } from './written.ts'

const withPassword = { ...env, PW: 'the-password' }
const withStore = (store: object) => {
  const file = minimal()
  return { ...file, session: { ...file.session, store: { type: 'redis', ...store } } }
}
const linesWith = (store: object) => linesOf(withStore(store), { env: withPassword })

test('checkStore takes exactly one of url, sentinel and cluster', () => {
  const [url, sentinel, cluster] = ['redis://a', { name: 'm', sentinels: ['a:1'] }, { nodes: ['a:1'] }]
  for (const one of [{ url }, { sentinel }, { cluster }]) assert.deepEqual(linesWith(one), [])
  assert.deepEqual(linesWith({}), ['session.store: one of these is required: url, sentinel, cluster'])
  assert.deepEqual(linesWith({ cluster, url }), [
    'session.store.cluster: there is `url` already: sessions are in one place',
  ])
})

test('checkStore refuses TLS beside a URL that is not encrypted', () => {
  assert.deepEqual(linesWith({ url: 'rediss://a', tls: { serverName: 'redis.internal' } }), [])
  assert.deepEqual(linesWith({ url: 'redis://a', tls: { serverName: 'redis.internal' } }), [
    'session.store.tls: the URL is not encrypted, so this has no effect: write rediss://',
  ])
})

test('checkStore refuses passwords that stand in the file, and addresses without port', () => {
  const cluster = { nodes: ['a'], password: 'open', natMap: { b: 'c:1' } }
  assert.deepEqual(linesWith({ cluster }), [
    'session.store.cluster.nodes[0]: this is not host:port',
    'session.store.cluster.password: a secret must not stand in the file',
    'session.store.cluster.natMap.b: this is not host:port',
  ])
})

test('compileStore gives the place with its secrets, and null for what is not said', () => {
  const sentinel = { name: 'm', sentinels: ['a:1', '[::1]:2'], sentinelPassword: '${env:PW}' }
  const { store } = load(withStore({ sentinel, tls: {}, prefix: 'x' }), { env: withPassword }).session
  assert(store.type === 'redis' && 'sentinel' in store)
  const { sentinelPassword, ...rest } = store.sentinel
  assert(sentinelPassword instanceof Secret && sentinelPassword.reveal() === 'the-password')
  assert.deepEqual(rest, {
    name: 'm',
    sentinels: [
      { host: 'a', port: 1 },
      { host: '::1', port: 2 },
    ],
    ...{ username: null, password: null, sentinelUsername: null, database: 0, natMap: {} },
  })
  assert.deepEqual([store.prefix, store.tls], ['x', { ca: null, serverName: null }])
})
