/** What `bindCookies` says: which cookies of an application are its sessions, and which only look so. */
import { isBound } from '../core/answer/bound-cookies.ts'
import { knownSessionCookies } from '../core/answer/known-cookies.ts'
import type { CookieNames } from '../core/gateway.ts'

/** What nearly every application has: one object for all, so that what is found out about names is too. */
const usual: CookieNames = { names: knownSessionCookies, except: [] }

/** @param written without issues. */
export function boundCookies(written: readonly string[]): CookieNames {
  if (written.length === 1 && written[0] === 'known') return usual
  const except = written.filter(isLeftOut).map((name) => name.slice(1))
  const names = written.filter((name) => !isLeftOut(name))
  return { names: names.flatMap((name) => (name === 'known' ? knownSessionCookies : name)), except }
}

/** @returns the places of what is left out and would not have been bound anyway. */
export function withoutEffect(written: readonly (string | undefined)[]): readonly number[] {
  const { names } = boundCookies(written.filter((name) => name !== undefined))
  const meets = (left: string) =>
    isBound({ names, except: [] }, left.replace('*', '')) ||
    names.some((name) => isBound({ names: [left], except: [] }, name.replace('*', '')))
  return written.flatMap((name, at) => (name !== undefined && isLeftOut(name) && !meets(name.slice(1)) ? at : []))
}

function isLeftOut(name: string): boolean {
  return name.startsWith('-')
}
