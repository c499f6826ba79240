/** What a session store must do. All stores fulfil it, and one suite of tests is run by each. */

export interface StoredRecord {
  /** Counts the writes of this record; authenticated by the seal. */
  readonly version: number
  readonly value: string
}

export interface NewRecords {
  readonly facts: string
  readonly tokens: string
  /** What of the session can be read without its cookie; sealed for this server alone. */
  readonly stub: string
  readonly ttlSeconds: number
  /** The groups that the session belongs to, by names that say nothing. */
  readonly names: readonly string[]
  /** When the session ends at the latest, in seconds since 1970: so long it is found by these names. */
  readonly endsAt: number
}

interface RecordChange {
  /** The version that the writer had read; the record becomes `from + 1`. */
  readonly from: number
  readonly facts: string
  readonly tokens?: string
  readonly stub?: string
}

interface LeaseNote {
  readonly owner: string
  readonly ttlSeconds: number
}
/**
 * How long it is remembered that a group was ended: for good, or while a sign-in that had begun before may still come
 * back.
 */
export type Remembered = 'lasting' | 'passing'

/**
 * Keys are hashes of session ids, values are sealed: a store can read neither.
 * Whatever fails underneath is thrown as the fault `session_store_down`.
 */
export interface SessionStore {
  /**
   * Writes the tokens and the stub, then the facts, all as version 1, and puts the session into its groups. False where
   * the key exists: nothing was written over.
   */
  create(key: string, records: NewRecords): Promise<boolean>
  read(key: string): Promise<StoredRecord | null>
  readTokens(key: string): Promise<StoredRecord | null>
  readStub(key: string): Promise<StoredRecord | null>
  /** Compare-and-set. Never creates and never prolongs: an ended session stays ended (T74), no update is lost (T123). */
  update(key: string, change: RecordChange): Promise<'updated' | 'conflict' | 'gone'>
  /** Lets all records live for this long from now. False where there is none: it never creates. */
  extend(key: string, ttlSeconds: number): Promise<boolean>
  /**
   * How long the facts still live, in seconds, if nobody is active; null where there are none. Asking prolongs nothing.
   */
  remaining(key: string): Promise<number | null>
  /** Removes all records and announces it; takes the session out of these groups. */
  end(key: string, names?: readonly string[]): Promise<void>
  /**
   * The keys of a group, some at a time: all that were in it all the while, and perhaps some twice. Those of sessions
   * that have expired may still be among them.
   */
  walk(name: string): AsyncIterable<readonly string[]>
  /** Remembers that what belongs to the group and began before this time (seconds since 1970) has ended. */
  endBefore(name: string, at: number, remembered: Remembered): Promise<void>
  /** The latest of these times for any of the names; minus infinity where there is none. */
  endedBefore(names: readonly string[]): Promise<number>
  /** All lasting ones, by name. */
  endings(): Promise<ReadonlyMap<string, number>>
  /** True for exactly one caller per key within the time. */
  markOnce(key: string, ttlSeconds: number): Promise<boolean>
  /**
   * Takes a lease, or prolongs one's own. Leases run out by themselves, so nobody can hold one who is no more.
   * @returns whose it is now: `owner`, or whoever else has it still.
   */
  lease(key: string, owner: string, ttlSeconds: number): Promise<string>
  /**
   * Gives one's lease up: to nobody, or to a `next` owner for a time. Does nothing where it is somebody else's by now.
   */
  release(key: string, owner: string, next: LeaseNote | null): Promise<void>
  keep(key: string, value: string, ttlSeconds: number): Promise<void>
  /** What was kept, and is still: looking takes nothing away. */
  look(key: string): Promise<string | null>
  /** What was kept, once. */
  take(key: string): Promise<string | null>
  readonly changes: Changes
  /** Where all replicas can count together; left out by stores that have no replicas. */
  readonly counting?: SharedCounting
  ready(): 'ready' | 'down'
  /** What is wrong with a store that answers all the same; null: nothing. */
  trouble?(): Trouble | null
  close(): Promise<void>
}

/** For whoever runs the gateway. */
export interface Trouble {
  readonly says: string
  /** It has happened, and nothing is wrong any more. */
  readonly isOver: boolean
}

/** A connection for the library that counts, and for nothing else. */
export interface SharedCounting {
  /** Begins the name of every counter. */
  readonly prefix: string
  readonly connection: {
    /** `ready`, or anything else while a command would have to be waited for in vain. */
    readonly status: string
    /**
     * Adds to a counter, under the name by which rate-limiter-flexible asks for it.
     * @param values its name, how much, and after how many seconds it is gone, counted from the first.
     * @returns what it is now, and how long it still lives, in milliseconds.
     */
    rlflxIncr(values: readonly string[]): Promise<readonly [number, number]>
  }
}

/** What other replicas did. What was read in one epoch may be trusted in that epoch, while `announcing`. */
export interface Changes {
  /** Calls the listener for every change; returns the way to stop it. */
  subscribe(listener: (change: Change) => void): () => void
  /** Whether the store proves right now that every change is announced to us. */
  announcing(): boolean
  /** Changes on every gap: announcements may have been missed in it. */
  epoch(): number
}

export type Change =
  | { readonly what: 'ended'; readonly key: string }
  | { readonly what: 'updated'; readonly key: string }
  /** Announcements stopped, or began again. */
  | { readonly what: 'gap' }

/** Where this room writes its lines: a fixed name, then fields; never anything a caller sent. */
export interface Log {
  info(event: string, fields: Readonly<Record<string, unknown>>): void
  warn(event: string, fields: Readonly<Record<string, unknown>>): void
  error(event: string, fields: Readonly<Record<string, unknown>>): void
}
