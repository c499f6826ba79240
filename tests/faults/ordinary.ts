/** The kinds of requests of the load, and how each one ends while nothing is wrong. */

export type Kind =
  | 'data'
  | 'page'
  | 'upload'
  | 'refused'
  | 'stranger'
  | 'strange page'
  | 'public'
  | 'ended'
  | 'forged'
  | 'socket'
  | 'sign-in'
  | 'sign-out'
  | 'signed out'

/** What is right besides the ordinary, by kind of request. */
export type Right = Partial<Record<Kind, readonly string[]>>

interface Ordinary {
  /** `session`: comes from somebody who is signed in and stays so. `nobody may pass`: must never reach the application. */
  readonly needs: 'session' | 'nobody may pass' | 'nothing'
  /** How it ends. */
  readonly words: readonly string[]
}

export const ordinary: Readonly<Record<Kind, Ordinary>> = {
  data: { needs: 'session', words: ['200'] },
  page: { needs: 'session', words: ['200'] },
  /** A POST of 64 KB. */
  upload: { needs: 'session', words: ['200'] },
  /** Signed in, without the role. */
  refused: { needs: 'nobody may pass', words: ['403 role_missing'] },
  stranger: { needs: 'nobody may pass', words: ['401 login_required'] },
  'strange page': { needs: 'nobody may pass', words: ['302 sign-in'] },
  public: { needs: 'nothing', words: ['200'] },
  /** With the cookie of a session that was signed out before. */
  ended: { needs: 'nobody may pass', words: ['401 login_required'] },
  /** With a cookie of another signature. */
  forged: { needs: 'nobody may pass', words: ['401 login_required'] },
  /** A message on an open WebSocket, and what comes back. */
  socket: { needs: 'session', words: ['echo'] },
  /** From the first page to the application. */
  'sign-in': { needs: 'nothing', words: ['200'] },
  'sign-out': { needs: 'nothing', words: ['302'] },
  /** With the cookie of a session that was signed out under load: a moment after it was told so, or after all is well again. */
  'signed out': { needs: 'nobody may pass', words: ['401 login_required'] },
}
