/** An answer of ours, as data. Two writers speak it: http/writers.ts to a response and to a raw socket. */

export interface Answer {
  readonly status: number
  /** Names as sent; a list becomes repeated headers. Values are header-safe. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** Text, which is sent in UTF-8, or bytes as they are; empty for none. */
  readonly body: string | Uint8Array
}
