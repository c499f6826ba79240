/** Finds what is known of an error code of Entra: its row of the catalogue, or what its first digits tell. */
import { type CatalogueRow, catalogue } from './aadsts-catalogue.ts'

export interface SignInError extends CatalogueRow {
  /** The one that was asked for, of the row's `codes`. */
  readonly code: number
}

const byCode: ReadonlyMap<number, SignInError> = new Map(
  catalogue.flatMap((row) => row.codes.map((code) => [code, { ...row, code }] as const)),
)

/** @returns null for a code that the catalogue does not have. */
export function signInError(code: number): SignInError | null {
  return byCode.get(code) ?? null
}

/** Such as `AADSTS50105`. */
export function codeName(code: number): string {
  return `AADSTS${code}`
}

/**
 * The code in what somebody typed or pasted: `AADSTS50105` in any case and anywhere in a text, or a number alone.
 * @returns null where there is none. Codes have five to seven digits.
 */
export function readCode(text: string): number | null {
  const short = text.slice(0, 1_000)
  const digits = /AADSTS\s?([1-9]\d{4,6})(?!\d)/i.exec(short)?.[1] ?? /^\s*([1-9]\d{4,6})\s*$/.exec(short)?.[1]
  return digits === undefined ? null : Number(digits)
}

/** What the first digits of a code tell, the longest first; Microsoft numbers by what is concerned. */
const families: readonly (readonly [prefix: string, about: string])[] = [
  ['7000', 'the secret, certificate or registration of the application'],
  ['700', 'the registration of the application, or a sign-in that is no longer valid'],
  ['530', 'a rule of the organisation (Conditional Access)'],
  ['500', 'the account, its directory, or the registration of the application'],
  ['650', 'a permission that the application asks for'],
  ['900', 'the request, or the directory that was asked'],
  ['16', 'which of several accounts is meant'],
  ['20', 'the sign-in service of the person’s own organisation'],
  ['28', 'what the application asked for'],
  ['40', 'another sign-in service, where the account comes from'],
  ['50', 'the account, its password or its sign-in'],
  ['51', 'the account'],
  ['53', 'a rule of the organisation (Conditional Access)'],
  ['54', 'the account, or a sign-in that was already finished'],
  ['65', 'consent to the application'],
  ['70', 'the application, or a sign-in that is no longer valid'],
  ['75', 'the protocol SAML'],
  ['80', 'the check of the password in the organisation’s own network'],
  ['81', 'the sign-in by the computer’s own account (Kerberos)'],
  ['90', 'the request, or the directory that was asked'],
]

/** What a code that the catalogue does not have is probably about, in words that follow “It is about”; null if even that is not known. */
export function familyOf(code: number): string | null {
  const digits = String(code)
  return families.find(([prefix]) => digits.startsWith(prefix))?.[1] ?? null
}

/** Where Microsoft tells what it knows of a code itself. */
export function microsoftAbout(code: number): string {
  return `https://login.microsoftonline.com/error?code=${code}`
}

/** Those that people meet most on Microsoft’s own page, and then have to look for. */
export const oftenSeen: readonly number[] = [50105, 50011, 50020, 53003, 53000, 50034, 50057, 700016, 90094, 65001]
