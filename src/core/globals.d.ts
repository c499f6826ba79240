/** The only names from outside the language that core may use; seen by core's own compile alone (src/core/tsconfig.json). */
declare class URL {
  constructor(url: string, base?: string)
  readonly origin: string
  readonly protocol: string
  readonly host: string
  readonly hostname: string
  readonly port: string
  readonly pathname: string
  readonly search: string
  readonly hash: string
  readonly username: string
  readonly password: string
  readonly href: string
  static canParse(url: string, base?: string): boolean
}
declare class TextEncoder {
  encode(text: string): Uint8Array
}
