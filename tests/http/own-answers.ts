/** What must be true of every answer of ours, whatever it says. */
import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { ownCookieNames } from '../../src/core/answer/cookies.ts'

export interface OwnAnswer {
  readonly status: number
  /** Lower-case names; repeated ones as a list. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

const always = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-robots-tag': 'noindex',
}

/** @param what names the answer where something is amiss. */
export function expectOwnAnswer({ status, headers, body }: OwnAnswer, what: string): void {
  expect(headers, what).toMatchObject(always)
  const type = String(headers['content-type'] ?? '')
  if (type.startsWith('text/html')) expectStrictPage(headers, body, what)
  else if (/json|image/.test(type)) {
    const expected = { 'cross-origin-resource-policy': 'same-origin' }
    expect(headers, what).toMatchObject(expected)
    expect(headers['content-security-policy'], what).toMatch(/^default-src 'none'; .*frame-ancestors 'none'/)
  } else if (body !== '') expect(type, what).toBe('text/plain; charset=utf-8')
  // A picture may be asked for again; nothing else of ours is kept by anybody.
  const keeps = type.startsWith('image/') && status === 200 ? 'private, max-age=0, must-revalidate' : 'no-store'
  expect(headers['cache-control'], what).toBe(keeps)
  for (const line of [headers['set-cookie'] ?? []].flat()) {
    expect(ownCookieNames, what).toContain(line.slice(0, line.indexOf('=')))
    for (const attribute of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=']) expect(line, what).toContain(attribute)
    expect(line, what).not.toMatch(/domain=/i)
  }
  for (const name of ['server', 'x-powered-by', 'etag'])
    if (name !== 'etag' || !type.startsWith('image/')) expect(headers[name], what).toBeUndefined()
}

/** Forms lead to the provider, which leads on to whatever federates the account. */
const strictDirective =
  /^(?:default-src 'none'|base-uri 'none'|img-src data:|(?:style|script)-src 'sha256-[A-Za-z0-9+/=]{44}'|form-action 'self'(?: https:)?(?: https?:\/\/[\w.:-]+)*|frame-ancestors (?:'none'|\*|'self'(?: https:\/\/[\w.:-]+)*))$/

function expectStrictPage(headers: OwnAnswer['headers'], body: string, what: string): void {
  const policy = String(headers['content-security-policy'])
  for (const directive of policy.split('; ')) expect(directive, what).toMatch(strictDirective)
  for (const directive of [
    "default-src 'none'",
    'style-src ',
    "base-uri 'none'",
    "form-action 'self'",
    'frame-ancestors ',
  ])
    expect(policy, what).toContain(directive)
  const sources = (name: string) => new RegExp(`${name} ([^;]*)`).exec(policy)?.[1] ?? ''
  // Whatever runs or styles stands in the policy by its hash, and nothing else does either.
  for (const [element, directive] of [
    ['script', 'script-src'],
    ['style', 'style-src'],
  ] as const) {
    for (const [, attributes, text = ''] of body.matchAll(new RegExp(`<${element}([^>]*)>(.*?)</${element}>`, 'gs'))) {
      expect(attributes, what).toBe('')
      expect(sources(directive), what).toBe(`'sha256-${createHash('sha256').update(text).digest('base64')}'`)
    }
  }
  const plain = body.replace(/<(script|style)>.*?<\/\1>/gs, '')
  expect(plain, what).not.toMatch(/<script|<svg[^>]* on|<iframe|<object|<embed|<base|javascript:|<[^>]*\son\w+\s*=/i)
  expect(plain, what).not.toMatch(/<[^>]*\sstyle\s*=/i)
  expect(plain, what).not.toMatch(/<(?:img|link|source|video)[^>]*(?:src|href)="(?!data:)/i)
  if (policy.endsWith("frame-ancestors 'none'"))
    expect(headers['cross-origin-resource-policy'], what).toBe('same-origin')
}
