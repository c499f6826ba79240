/** Who is signed in to the pretend directory in which browser, so that the second sign-in asks nothing (single sign-on). */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Request, Response } from 'express'
import { segments } from './tenancies.ts'

export interface Account {
  readonly personId: string
  /** The `sid` claim. */
  readonly sessionId: string
  /** When the person last chose the account on the page, in seconds. */
  readonly signedInAt: number
  /** Whether a second factor was shown in this sign-in. */
  readonly secondFactor: boolean
  /** Whether the person stays signed in: a day, or ninety days from the last visit; null for as long as the browser does. */
  readonly stay: 'yes' | 'no' | null
}

export interface BrowserSessions {
  /** The accounts signed in in this browser, in the order of their sign-in. */
  accounts(request: Request): readonly Account[]
  /** Adds the account, or renews the time of one that is there. */
  signIn(request: Request, response: Response, signIn: Pick<Account, 'personId' | 'secondFactor' | 'stay'>): Account
  signOut(request: Request, response: Response, personId: string): void
  /** In every browser. */
  signOutEverybody(): void
}

/** The paths keep the cookie away from the application and the gateway: cookies of `localhost` are shared by all ports. */
const cookieName = 'pretend-sign-in'
const cookieOptions = segments.map((segment) => ({ path: `/${segment}`, httpOnly: true, sameSite: 'lax' }) as const)

export function createBrowserSessions(now: () => number): BrowserSessions {
  const sessions = new Map<string, readonly Seen[]>()
  const idOf = (request: Request) => readCookie(request.headers.cookie, cookieName)
  const accounts = (request: Request) => {
    const id = idOf(request) ?? ''
    const left = (sessions.get(id) ?? []).filter((account) => !isOver(account, now()))
    if (left.length > 0) {
      sessions.set(
        id,
        left.map((account) => ({ ...account, seenAt: now() })),
      )
    }
    return left
  }
  return {
    accounts,
    signIn(request, response, { personId, ...shown }) {
      const before = accounts(request)
      const known = before.find((account) => account.personId === personId)
      const times = { signedInAt: now(), seenAt: now() }
      const account = { personId, sessionId: known?.sessionId ?? randomUUID(), ...times, ...shown }
      // A new id at every sign-in, so that an id planted before it is worth nothing after it.
      sessions.delete(idOf(request) ?? '')
      const id = randomBytes(24).toString('base64url')
      sessions.set(id, [...before.filter((other) => other !== known), account])
      for (const options of cookieOptions) response.cookie(cookieName, id, options)
      return account
    },
    signOut(request, response, personId) {
      const id = idOf(request)
      const left = accounts(request).filter((account) => account.personId !== personId)
      if (id === null) return
      if (left.length > 0) {
        sessions.set(id, left)
        return
      }
      sessions.delete(id)
      for (const options of cookieOptions) response.clearCookie(cookieName, options)
    },
    signOutEverybody: () => sessions.clear(),
  }
}

interface Seen extends Account {
  /** When the browser last came with it, in seconds. */
  readonly seenAt: number
}

const day = 24 * 60 * 60

function isOver({ stay, signedInAt, seenAt }: Seen, now: number): boolean {
  if (stay === 'no') return now - signedInAt > day
  return stay === 'yes' && now - seenAt > 90 * day
}

/** The value of the first cookie of that name, as sent; null without one. */
export function readCookie(header: string | undefined, name: string): string | null {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim())
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? null
}
