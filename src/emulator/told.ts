/** What the application was told about its visitor: headers, which it believes because nobody else can reach it. */
import type { IncomingMessage } from 'node:http'

export interface Told {
  readonly name: string | null
  readonly roles: readonly string[]
  /** Every X-Forwarded header, and X-Employee, in the order of its arrival, one row per line of the request. */
  readonly headers: readonly { readonly name: string; readonly value: string }[]
}

export function toldAbout(request: Pick<IncomingMessage, 'rawHeaders'>): Told {
  const headers = pairs(request.rawHeaders)
    .filter(({ name }) => /^x-(forwarded-|employee$)/i.test(name))
    .map(({ name, value }) => ({ name, value: readable(value) }))
  const first = (wanted: string) => headers.find(({ name }) => name.toLowerCase() === wanted)?.value ?? null
  const roles = (first('x-forwarded-roles') ?? '').split(',').map((role) => role.trim())
  return { name: first('x-forwarded-name'), roles: roles.filter((role) => role !== ''), headers }
}

/** Node reads header bytes as Latin-1. Where they are UTF-8 they are shown as such, else as they are. */
function readable(value: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1'))
  } catch {
    return value
  }
}

function pairs(raw: readonly string[]): readonly { readonly name: string; readonly value: string }[] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [{ name, value: raw[index + 1] ?? '' }] : []))
}
