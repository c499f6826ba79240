/**
 * How a password hash is written: the PHC string of scrypt, `$scrypt$ln=17,r=8,p=1$<salt>$<hash>`.
 * @see https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md
 */

/**
 * The one cost that is accepted: lower ones could be tried out too fast, and with several at once the time of an answer
 * would tell whether there is an account. 128 MB and a third of a second (RFC 7914; OWASP Password Storage).
 */
export const passwordCost = { ln: 17, r: 8, p: 1 } as const

/** Base64 without padding, as it is written. */
export interface PasswordHash {
  /** 16 bytes. */
  readonly salt: string
  /** 32 bytes. */
  readonly hash: string
}

const base64 = '[A-Za-z0-9+/]'
const shape = new RegExp(`^\\$scrypt\\$ln=(\\d{1,2}),r=(\\d{1,3}),p=(\\d{1,3})\\$(${base64}+)\\$(${base64}+)$`)

/** @returns the parts, or the problem in words; never anything of the text itself. */
export function readPasswordHash(text: string): PasswordHash | { readonly problem: string } {
  const [, ln, r, p, salt = '', hash = ''] = shape.exec(text) ?? []
  if (ln === undefined) return { problem: 'this is not a password hash: `sallyport hash-password` makes one' }
  const { ln: lnWanted, r: rWanted, p: pWanted } = passwordCost
  if (Number(ln) !== lnWanted || Number(r) !== rWanted || Number(p) !== pWanted)
    return {
      problem: `only the cost ln=${lnWanted},r=${rWanted},p=${pWanted} is taken, as of \`sallyport hash-password\``,
    }
  // 16 and 32 bytes.
  if (salt.length !== 22 || hash.length !== 43)
    return { problem: 'salt or hash has another length than those of `sallyport hash-password`' }
  return { salt, hash }
}

export function writePasswordHash({ salt, hash }: PasswordHash): string {
  const { ln, r, p } = passwordCost
  return `$scrypt$ln=${ln},r=${r},p=${p}$${salt}$${hash}`
}

/** As few as somebody can remember, and as many as nobody tries out (NIST SP 800-63B section 5.1.1). */
const shortestPassword = 14

/** @returns why a new password is refused, or null. */
export function weakPassword(password: string): string | null {
  const characters = [...normalPassword(password)]
  if (characters.length < shortestPassword) return `a password has at least ${shortestPassword} characters`
  if (characters.length > 256) return 'a password has at most 256 characters'
  return new Set(characters).size < 8 ? 'a password has at least 8 different characters' : null
}

/** One spelling for what keyboards write in several (NIST SP 800-63B section 5.1.1.2). */
export function normalPassword(password: string): string {
  return password.normalize('NFKC')
}
