/** The store of sessions, from its checked document to the frozen model. */
import { resolve } from 'node:path'
import type { RedisPlace, StoreSettings } from '../core/gateway.ts'
import type { Document } from './schema.ts'

type StoreDocument = Document['session']['store']

/**
 * @param store of a document without issues.
 * @param base the folder that relative paths begin at.
 */
export function compileStore(store: StoreDocument, base: string): StoreSettings {
  if (store.type === 'file') return { ...store, path: resolve(base, store.path) }
  if (store.type !== 'redis') return store
  const { type, prefix, tls } = store
  const security = tls === undefined ? null : { ca: tls.ca ?? null, serverName: tls.serverName ?? null }
  return { type, prefix, tls: security, ...placeOf(store) }
}

function placeOf({ url, sentinel, cluster }: Extract<StoreDocument, { type: 'redis' }>): RedisPlace {
  if (sentinel !== undefined) {
    const { username = null, password = null, sentinelUsername = null, sentinelPassword = null, ...rest } = sentinel
    return { sentinel: { ...rest, username, password, sentinelUsername, sentinelPassword } }
  }
  if (cluster !== undefined) {
    const { username = null, password = null, ...rest } = cluster
    return { cluster: { ...rest, username, password } }
  }
  if (url !== undefined) return { url }
  throw new Error('A checked document says where Redis is')
}
