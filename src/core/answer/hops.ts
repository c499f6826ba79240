/** How many gateways of this kind a request has been through: one that is led back to where it came from must not go round for ever. */
import type { RequestHeaders } from '../request/facts.ts'

/** Sent to every application. What callers say in it is believed, since who forges it harms nobody but himself. */
export const hopsName = 'x-sallyport-hops'

/** One gateway behind another, or an application that asks a second tenant, and some to spare. */
const mostHops = 4

/**
 * What the application is to be told. Null where it is too much, or no number that we would write: an upstream that is the
 * gateway itself, by whatever name or load balancer, would use up its connections with a single request (T88).
 */
export function hopsAfter(headers: RequestHeaders): string | null {
  const before = headers[hopsName]
  if (before === undefined) return '1'
  const hops = /^[1-9]$/.test(String(before)) ? Number(before) : mostHops
  return hops < mostHops ? String(hops + 1) : null
}
