/** What the gateway’s thread and those that hold the file of sessions say to each other. */
import type { NewRecords, Remembered, StoredRecord } from './store.ts'

/** A record with the time when its session ends if nobody is active; whether that has passed is the asker’s to judge. */
export interface TimedRecord extends StoredRecord {
  readonly expiresAt: number
}

/** All times are seconds since 1970, by the clock of whoever asks. */
export interface ReadOperations {
  read(key: string): TimedRecord | null
  readTokens(key: string): TimedRecord | null
  readStub(key: string): TimedRecord | null
  expiresAt(key: string): number | null
  /** A page of a group, from after this place on; `next` is null at the end. */
  walk(name: string, after: number): { readonly keys: readonly string[]; readonly next: number | null }
  look(key: string): { readonly value: string; readonly expiresAt: number } | null
  endedBefore(names: readonly string[]): number
  endings(): readonly (readonly [string, number])[]
  /** What others than the gateway have ended, in its order; `seq` is where the next question goes on. */
  changesAfter(seq: number): { readonly keys: readonly string[]; readonly seq: number }
}

export interface WriteOperations {
  /** Signs of life: until when each of these sessions lives. */
  touch(touches: readonly (readonly [key: string, expiresAt: number])[]): void
  /** `displaced`: the sessions that had to make room. */
  create(key: string, records: NewRecords, now: number): { readonly created: boolean; readonly displaced: string[] }
  update(key: string, change: Change, now: number): 'updated' | 'conflict' | 'gone'
  /** @param tell whether a gateway in another process is to be told. */
  end(key: string, tell: boolean): void
  endBefore(name: string, at: number, remembered: Remembered): void
  markOnce(key: string, until: number, now: number): boolean
  lease(key: string, holder: Holder, now: number): string
  release(key: string, owner: string, next: Holder | null): void
  keep(key: string, value: string, until: number): void
  take(key: string, now: number): string | null
  /** Takes away some of what is over; true where there is more. `heard`: up to which of the changes. */
  sweep(now: number, heard: number): boolean
}

export interface Change {
  readonly from: number
  readonly facts: string
  readonly tokens?: string
  readonly stub?: string
}

export interface Holder {
  readonly owner: string
  readonly until: number
}

export type Operations = ReadOperations & WriteOperations
export type OperationName = keyof Operations

export interface Question {
  readonly id: number
  readonly name: OperationName
  readonly args: readonly unknown[]
}

/** The first message of a thread says how it began, all others answer. */
export type Message =
  | { readonly kind: 'opened'; readonly setAside: SetAside | null }
  | { readonly kind: 'not_opened'; readonly message: string }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string; readonly code: number | null }

export interface SetAside {
  readonly to: string
  readonly why: 'damaged' | 'newer_version' | 'other_database'
}

/**
 * `keeper` makes, repairs and writes the file of its gateway, `reader` only reads it, `visitor` does both in a file that
 * another process keeps.
 */
export interface ThreadSettings {
  readonly role: 'keeper' | 'reader' | 'visitor'
  readonly path: string
  readonly maxSessions: number
  /** As if the disk ended there; null: where it does. */
  readonly maxPages: number | null
}
