/** What the sign-in tests share: a sign-in step by step, so that a test can do something wrong between two steps. */
import { expect } from 'vitest'
import { choosePerson, navigation, type Reply, type Visitor } from '../visitor.ts'

export const sid = '__Host-sid'
export const binding = '__Host-login'

/** A navigation that is not followed. */
export function visit(visitor: Visitor, url: string, headers: Record<string, string> = {}): Promise<Reply> {
  return visitor.ask(url, { headers: { ...navigation, ...headers } })
}

/** The address at the provider where the gateway sends this visitor. */
export async function begin(visitor: Visitor, url: string): Promise<string> {
  const reply = await visit(visitor, url)
  expect(reply.status).toBe(302)
  return reply.location
}

/** The provider's answer: the callback address with code and state, not yet opened. */
export async function answerFor(visitor: Visitor, authorize: string, username: string): Promise<string> {
  const first = await visit(visitor, authorize)
  if (first.location !== '') return first.location
  const unfollowing: Visitor = { ...visitor, open: visitor.ask }
  return (await choosePerson(unfollowing, first, username)).location
}

/** From the gateway to the provider and back, up to the callback address. */
export async function cameBack(visitor: Visitor, url: string, username: string): Promise<string> {
  return await answerFor(visitor, await begin(visitor, url), username)
}

export function setCookies(reply: Reply): readonly string[] {
  return reply.headers['set-cookie'] ?? []
}

/** Whether the answer gives a session; the one that clears the cookie does not. */
export function givesSession(reply: Reply): boolean {
  return setCookies(reply).some((line) => line.startsWith(`${sid}=`) && !line.startsWith(`${sid}=;`))
}

/** A page of ours for a person: this outcome, no session, a request id, never stored by anybody. */
export function expectPage(reply: Reply, status: number, code: string): void {
  expect(`${reply.status} ${/<p>Code <code>([^<]*)/.exec(reply.body)?.[1] ?? ''}`).toBe(`${status} ${code}`)
  expect(reply.headers['content-type']).toContain('text/html')
  expect(reply.headers['cache-control']).toBe('no-store')
  expect(reply.body).toMatch(/Request id <code>[0-9a-f-]{36}/)
  expect(givesSession(reply)).toBe(false)
}

/** The address with one parameter of its query changed; taken out where the value is null. */
export function withParameter(address: string, name: string, value: string | null): string {
  const url = new URL(address)
  if (value === null) url.searchParams.delete(name)
  else url.searchParams.set(name, value)
  return url.href
}

export function parameter(address: string, name: string): string {
  return new URL(address).searchParams.get(name) ?? ''
}
