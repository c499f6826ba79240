/** Pictures of the people who are signed in: asked of Microsoft Graph once, remembered, and never waited for long. */
import { Fault } from '../core/fault.ts'
import type { EntraProvider, Tenant } from '../core/gateway.ts'
import { personalDirectory, providerOf } from '../core/identity/authority.ts'
import { ownProfileScope } from '../core/identity/scopes.ts'
import type { Session } from '../core/identity/session.ts'
import type { AskPhotos, Photos } from '../oidc/graph-photo.ts'
import type { Log } from '../ops/log.ts'
import { oncePerMinute } from '../session/once-per-minute.ts'
import { createPictureCache } from '../session/picture-cache.ts'
import type { AccessTokens } from './access-tokens.ts'
import { whose } from './role-changes.ts'

export interface Pictures {
  /** Empty where there is none, or none is known in time: a picture is no reason for an error, nor to wait. */
  of(tenant: Tenant, session: Session): Promise<Photos>
}

export interface PicturesParts {
  readonly accessTokens: AccessTokens
  readonly askPhotos: AskPhotos
  /** Seconds since 1970. */
  readonly clock: () => number
  readonly log: Log
}

/** How long a request waits, in milliseconds. What comes later is there the next time. */
const patience = 2_000
/** Room for about a thousand people. */
const mostBytes = 33_554_432
/** How long an answer counts, in seconds: a picture, that there is none, and no answer. */
const [forPhoto, forNone, forFailure] = [14_400, 3_600, 600]
const none: Photos = new Map()

export function createPictures({ accessTokens, askPhotos, clock, log }: PicturesParts): Pictures {
  const cache = createPictureCache<Photos>(mostBytes, clock)
  const flights = new Map<string, Promise<Photos>>()
  const quietly = oncePerMinute(clock)

  async function lookUp(tenant: Tenant, provider: EntraProvider, session: Session, key: string): Promise<Photos> {
    try {
      const scope = ownProfileScope(provider)
      const accessToken = await accessTokens.valueFor(tenant, session, { scope, prefix: '' })
      const photos = await askPhotos({ access: provider.graph, accessToken })
      const bytes = [...photos.values()].reduce((sum, photo) => sum + photo.bytes.byteLength, 0)
      cache.keep(key, photos, { bytes, seconds: bytes === 0 ? forNone : forPhoto })
      return photos
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      cache.keep(key, none, { bytes: 0, seconds: forFailure })
      // Where there is no token, that is in the log already.
      if (error.code !== 'access_token_unavailable') {
        const fields = { ...whose(tenant, session), reason: error.code, error }
        quietly(tenant.name, () => log.warn('photo_unavailable', fields))
      }
      return none
    }
  }

  /** One at a time for each person, however many ask. */
  function fly(tenant: Tenant, provider: EntraProvider, session: Session, key: string): Promise<Photos> {
    const running = flights.get(key)
    if (running !== undefined) return running
    const flight = lookUp(tenant, provider, session, key).finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }

  return {
    async of(tenant, session) {
      const provider = providerOf(tenant, session.facts)
      // Graph has none of personal accounts.
      if (provider?.kind !== 'entra' || session.facts.directoryId === personalDirectory) return none
      const key = keyOf(provider, session)
      return cache.find(key) ?? (await within(patience, fly(tenant, provider, session, key), none))
    },
  }
}

/**
 * One person by one client of one Graph: nobody gets what was found for another, and a client that may not ask spoils
 * nothing for those that may (T62).
 */
function keyOf({ graph }: EntraProvider, { facts }: Session): string {
  const { authority, registration, directoryId, objectId } = facts
  return JSON.stringify([graph.base, authority, registration, directoryId, objectId])
}

async function within<Value>(milliseconds: number, work: Promise<Value>, otherwise: Value): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Value>((resolve) => {
    timer = setTimeout(resolve, milliseconds, otherwise)
  })
  return await Promise.race([work, late]).finally(() => clearTimeout(timer))
}
