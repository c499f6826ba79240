/**
 * Compiled values that say the same are the same object: over a reload, and within a tenant. What hangs on the objects
 * (connections, discovery, keys, worked-out headers) then lives on.
 */
import { Secret } from './secret.ts'

/** Whether two compiled values say the same. Secrets are compared by what they hide. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Secret || b instanceof Secret) {
    return a instanceof Secret && b instanceof Secret && a.reveal() === b.reveal()
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [Object.entries(a), Object.keys(b)]
  return (
    left.length === right.length &&
    left.every(([key, value]) => Object.hasOwn(b, key) && isSame(value, (b as Record<string, unknown>)[key]))
  )
}

/**
 * The new value, made of the objects of the old one wherever these say the same.
 * Lists are compared place by place; what moved within one counts as new.
 */
export function keepSame<T>(before: unknown, now: T): T {
  if (isSame(before, now)) return before as T
  if (typeof now !== 'object' || now === null || now instanceof Secret) return now
  if (typeof before !== 'object' || before === null || Array.isArray(before) !== Array.isArray(now)) return now
  const old = before as Record<string, unknown>
  if (Array.isArray(now)) return now.map((each, place) => keepSame((before as unknown[])[place], each)) as T
  return Object.fromEntries(Object.entries(now).map(([key, value]) => [key, keepSame(old[key], value)])) as T
}

/** Gives the first of equal values in place of each further one. */
export function createPool<T>(known: Iterable<T> = []): (value: T) => T {
  const held = [...known]
  return (value) => {
    const found = held.find((each) => isSame(each, value))
    if (found !== undefined) return found
    held.push(value)
    return value
  }
}

/** Nothing that decides about a request can change while it is decided. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  const parts = value instanceof Map ? value.values() : Object.values(value)
  for (const part of parts) deepFreeze(part)
  return Object.freeze(value)
}
