/** What an idle session takes in the memory store: many are created through the session room's own door, then counted. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { SessionFacts } from '../../src/core/identity/session.ts'
import { Secret } from '../../src/core/secret.ts'
import { createKeyRing } from '../../src/session/seal.ts'
import { createSessions } from '../../src/session/sessions.ts'
import { createMemoryStore } from '../../src/session/store-memory.ts'
import { sessionSecret } from './configuration.ts'
import { tell } from './own-process.ts'

const count = Number(process.argv[2] ?? 20_000)
const clock = () => Date.now() / 1_000
const nothing = () => {}
const log = { info: nothing, warn: nothing, error: nothing }
const secrets = [new Secret(sessionSecret)]
const store = createMemoryStore({ maxSessions: 2 * count, clock, log })
const ring = createKeyRing(secrets)
const policy = {
  ...{ secrets, lifetimeSeconds: 36_000, idleSeconds: 3_600, revalidateSeconds: 900 },
  perPerson: null,
  store: { type: 'memory', maxSessions: 2 * count },
} as const
const sessions = createSessions({ store, ring, policy, clock, log })

/** Somebody with five groups; every value differs from session to session, as it does in life. */
function facts(): SessionFacts {
  const objectId = randomUUID()
  return {
    ...{ tenant: 'payroll', provider: 'contoso', directoryId: randomUUID(), objectId },
    authority: `https://login.microsoftonline.com/${randomUUID()}`,
    registration: `https://login.microsoftonline.com ${randomUUID()}`,
    claims: {
      name: `Grace ${objectId.slice(0, 8)}`,
      preferred_username: `${objectId}@contoso.example`,
      sub: randomUUID(),
    },
    groups: Array.from({ length: 5 }, () => randomUUID()),
    appRoles: ['Payroll.Reader'],
    directoryRoles: [],
    ...{ graph: {}, sid: null, authTime: null, contexts: {} },
    ...{ startedAt: clock(), checkedAt: clock() },
  }
}

/** Entra's: an opaque hint of about a hundred characters, and a refresh token of some twelve hundred, both as good as random. */
const tokens = () => ({
  loginHint: randomBytes(75).toString('base64url'),
  refreshToken: randomBytes(900).toString('base64url'),
})

async function create(many: number): Promise<void> {
  for (let at = 0; at < many; at += 1) {
    await sessions.create(
      { tenant: 'payroll', id: randomBytes(16).toString('base64url') },
      { facts: facts(), tokens: tokens() },
    )
  }
}

function used(): { readonly heap: number; readonly resident: number } {
  for (let times = 0; times < 3; times += 1) globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, resident: rss }
}

// The first ones make the code warm and fill what is made once.
await create(count / 10)
const before = used()
await create(count)
const after = used()
tell({
  bytesPerSession: (after.heap - before.heap) / count,
  residentBytesPerSession: (after.resident - before.resident) / count,
})
sessions.close()
await store.close()
process.disconnect?.()
