/** The sessions of a group, as they are found in the store without their cookies. */
import { textOfGroup, type Whose } from '../core/identity/whose.ts'
import type { KeyRing } from './seal.ts'
import type { SessionStore } from './store.ts'
import { openStub, type Stub } from './stub.ts'

export interface GroupParts {
  readonly store: SessionStore
  readonly ring: KeyRing
}

/** The keys of a group, each once, some at a time; a few may have expired. Throws the fault `session_store_down`. */
export async function* walkGroup({ store, ring }: GroupParts, whose: Whose): AsyncIterable<readonly string[]> {
  const seen = new Set<string>()
  for (const name of ring.indexNames(textOfGroup(whose))) {
    for await (const page of store.walk(name)) {
      const keys = page.filter((key) => !seen.has(key))
      for (const key of keys) seen.add(key)
      yield keys
    }
  }
}

/** @returns null where the session has ended, or its stub does not open. */
export async function stubOf({ store, ring }: GroupParts, key: string): Promise<Stub | null> {
  const record = await store.readStub(key)
  return record === null ? null : openStub(ring, key, record.value)
}
