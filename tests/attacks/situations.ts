/** Ways in which a header can reach the gateway, and what the application behind it sees of each. */
import { foldName } from '../../src/core/answer/identity-names.ts'
import { bytesOf, handshake, openWire } from '../http/wire.ts'
import { until } from '../redis.ts'
import type { Seen, Stage } from '../stage.ts'

/** `forwarded` says whether the application gets to see the request, `person` whether it is told of somebody. */
export const situations = [
  { name: 'on a public route', line: 'GET /public', signedIn: false, upgrade: false, forwarded: true, person: false },
  { name: 'on a public route with a session', line: 'GET /public', signedIn: true, forwarded: true, person: false },
  { name: 'on a protected route without a session', line: 'GET /x', signedIn: false, forwarded: false, person: false },
  { name: 'on a protected route with a session', line: 'GET /x', signedIn: true, forwarded: true, person: true },
  { name: 'on an optional route', line: 'GET /optional', signedIn: true, forwarded: true, person: true },
  { name: 'on OPTIONS', line: 'OPTIONS /public', signedIn: false, forwarded: true, person: false },
  { name: 'on OPTIONS with a session', line: 'OPTIONS /x', signedIn: true, forwarded: true, person: true },
  { name: 'with a body', line: 'POST /x', signedIn: true, forwarded: true, person: true, body: 'a=b' },
  { name: 'on a WebSocket handshake', line: 'GET /x', signedIn: true, upgrade: true, forwarded: true, person: true },
  {
    name: 'on a WebSocket handshake without a session',
    line: 'GET /x',
    signedIn: false,
    upgrade: true,
    forwarded: false,
    person: false,
  },
  {
    name: 'on a public WebSocket handshake',
    line: 'GET /public',
    signedIn: false,
    upgrade: true,
    forwarded: true,
    person: false,
  },
] as const
export type Situation = (typeof situations)[number]

export interface Sent {
  /** Null where nothing arrived. */
  readonly seen: Seen | null
  /** 0 where there was no answer to wait for. */
  readonly status: number
}

/**
 * Sends a request with these header lines.
 * @param cookie the Cookie line of who is signed in; for situations that want one.
 */
export async function send(
  stage: Stage,
  situation: Situation,
  lines: readonly string[],
  cookie: string,
): Promise<Sent> {
  const before = stage.upstream.seen.length
  const body = 'body' in situation ? situation.body : ''
  const all = [
    ...lines,
    ...(situation.signedIn ? [cookie] : []),
    ...('upgrade' in situation && situation.upgrade ? handshake(stage.origin) : []),
    ...(body === '' ? [] : [`Content-Length: ${body.length}`]),
  ]
  const wire = await openWire(stage.origin)
  wire.send(bytesOf(stage.origin, situation.line, all, body))
  // The upstream of the stage leaves handshakes without an answer: what it saw is what counts.
  const answer =
    'upgrade' in situation && situation.upgrade && situation.forwarded
      ? await until('the handshake', () => stage.upstream.seen.length > before).then(() => null)
      : await wire.answer()
  wire.end()
  return { seen: stage.upstream.seen[before] ?? null, status: answer?.status ?? 0 }
}

/** All values of a header, in whatever spelling an application might read it. */
export function valuesOf(seen: Seen, folded: string): readonly string[] {
  const values: string[] = []
  for (let at = 0; at < seen.rawHeaders.length; at += 2) {
    if (foldName((seen.rawHeaders[at] ?? '').toLowerCase()) === folded) values.push(seen.rawHeaders[at + 1] ?? '')
  }
  return values
}
