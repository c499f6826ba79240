/** The application's own session, as old applications have one: a JSESSIONID cookie, a visit counter, and the message just sent. */
import { randomBytes } from 'node:crypto'
import type { Request, Response } from 'express'
import { readCookie } from './browser-sessions.ts'

export interface Message {
  readonly subject: string
  readonly message: string
}

interface Visit {
  /** How many pages of this application the visitor has asked for. */
  readonly count: number
  keepMessage(message: Message): void
  /** Gives the kept message, once. */
  takeMessage(): Message | null
}

export interface Visits {
  /** Counts the visit; sends the cookie to whoever has none that is known. */
  enter(request: Request, response: Response): Visit
  leave(request: Request, response: Response): void
}

const cookieName = 'JSESSIONID'
const cookieOptions = { path: '/', httpOnly: true } as const

export function createVisits(): Visits {
  const sessions = new Map<string, { count: number; message: Message | null }>()
  const idOf = (request: Request) => readCookie(request.headers.cookie, cookieName) ?? ''
  return {
    enter(request, response) {
      const known = sessions.get(idOf(request))
      const session = known ?? { count: 0, message: null }
      if (known === undefined) {
        const id = randomBytes(16).toString('hex').toUpperCase()
        sessions.set(id, session)
        response.cookie(cookieName, id, cookieOptions)
      }
      session.count += 1
      return {
        count: session.count,
        keepMessage(message) {
          session.message = message
        },
        takeMessage() {
          const { message } = session
          session.message = null
          return message
        },
      }
    },
    leave(request, response) {
      sessions.delete(idOf(request))
      response.clearCookie(cookieName, cookieOptions)
    },
  }
}
