/** Whether two texts are the same, told in a time that says nothing of where they differ (T57). */
import { timingSafeEqual } from 'node:crypto'

/** For whatever a caller could try out byte by byte: signatures, proofs, marks, bindings. Only their lengths are no secret. */
export function isSameSecret(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
