/** Finds in source text where secrets would be compared byte by byte, which tells by its time how much of a guess is right. */

export interface Comparison {
  readonly line: number
  readonly text: string
}

/** How what a caller must not guess is called here: the last word of a name, alone or after others. */
const words = [
  ...['secret', 'signature', 'signed', 'signedValue', 'proof', 'hash', 'digest', 'hmac', 'tag', 'nonce', 'binding'],
  ...['token', 'password', 'verifier', 'bond', 'mark', 'placeholder', 'sessionID', 'sessionId'],
]
/** Whose answer is such a thing. */
const makers = [
  ...['reveal', 'openText', 'openFor', 'openRecord', 'openStub', 'signedValue', 'markOf', 'formProof', 'bindingHash'],
  ...['readBinding', 'readConsoleBinding', 'readFormSecret', 'findBinding', 'digest', 'hash', 'tag', 'signed', 'hmac'],
]

const argumentsOf = String.raw`\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)`
const link = String.raw`#?[\w$]+(?:${argumentsOf})?[?!]?`
const operand = String.raw`(?<![\w$.])(?:await\s+)?${link}(?:\.${link})*(?:\[[^\]]*\])?`
const literal = String.raw`['"\`][^'"\`]*['"\`]`
const comparison = new RegExp(
  String.raw`(typeof\s+)?(${operand})\)?\s*(?:===|!==|==|!=)\s*\(?(${operand}|${literal})`,
  'g',
)
const byMethod = new RegExp(
  String.raw`([\w$.]+)\.(?:equals|compare|localeCompare|startsWith|endsWith|includes)\((${operand}|${literal})\)`,
  'g',
)

/** @returns every comparison of two values of which one is called as a secret is; with nothing and with a literal is none. */
export function secretComparisons(source: string): readonly Comparison[] {
  return source
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
    .split('\n')
    .map((line) => line.replace(/(^|\s)\/\/.*$/, ''))
    .flatMap((line, at) => {
      const compared = [...line.matchAll(comparison)].filter(([, type]) => type === undefined)
      const pairs = [
        ...compared.map(([, , one = '', other = '']) => [one, other] as const),
        ...[...line.matchAll(byMethod)].map(([, one = '', other = '']) => [one, other] as const),
      ]
      const found = pairs.some(([one, other]) => !isPlain(one) && !isPlain(other) && (isSecret(one) || isSecret(other)))
      return found ? [{ line: at + 1, text: line.trim() }] : []
    })
}

const spelled = new RegExp(String.raw`(?:\.(?:slice|subarray|substring|toString|toLowerCase|trim|at)${argumentsOf})+$`)

function isPlain(text: string): boolean {
  return /^(?:null|undefined|true|false|-?\d[\d_]*|['"`].*)$/.test(text)
}

function isSecret(text: string): boolean {
  // A part of it, or it in another spelling, is it as well.
  const bare = text.replace(/^await\s+/, '').replace(spelled, '')
  const called = new RegExp(String.raw`([\w$]+)${argumentsOf}$`).exec(bare)?.[1]
  if (called !== undefined) return makers.includes(called)
  const name = /([\w$]+)[?!]?(?:\[[^\]]*\])?$/.exec(bare)?.[1] ?? ''
  return words.some((word) => name === word || new RegExp(`[a-z]${word[0]?.toUpperCase()}${word.slice(1)}$`).test(name))
}
