/** Paths put together from pieces that servers read in different ways; also for long runs with a seed. */
import fc from 'fast-check'

/** The names that the tables of route-tables.ts are about, and one that is nobody's. */
const names: readonly string[] = ['admin', 'public', 'reports', 'administration', 'app', 'x']

/** A name as somebody would write it who wants it to be read, and not to be seen. */
const disguisedName = fc.constantFrom(...names).chain((name) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(name) },
    fc.constant(name.toUpperCase()),
    fc.constant(`${name.charAt(0).toUpperCase()}${name.slice(1)}`),
    fc.nat(name.length - 1).map((at) => spelled(name, at, (code) => `%${hex(code)}`)),
    fc.nat(name.length - 1).map((at) => spelled(name, at, (code) => `%25${hex(code)}`)),
    fc.nat(name.length - 1).map((at) => spelled(name, at, (code) => escapedText(String.fromCodePoint(code + 0xfee0)))),
    fc.constant(name.replaceAll('i', '%C4%B1')),
    fc.constant(name.replaceAll('i', '%C4%B0')),
    fc.constant(name.replaceAll('s', '%C5%BF')),
    fc.constant(`${name.slice(0, 6)}~1`),
    fc
      .tuple(fc.nat(name.length), fc.constantFrom('%E2%80%8B', '%C2%AD', '%E2%81%AA', '%EF%B8%8F', '%CC%81'))
      .map(([at, mark]) => name.slice(0, at) + mark + name.slice(at)),
  ),
)

function spelled(name: string, at: number, spell: (code: number) => string): string {
  return name.slice(0, at) + spell(name.charCodeAt(at)) + name.slice(at + 1)
}

function hex(code: number): string {
  return code.toString(16).padStart(2, '0')
}

function escapedText(text: string): string {
  return [...Buffer.from(text, 'utf8')].map((byte) => `%${hex(byte)}`).join('')
}

/** What stands between names: separators in all their spellings. */
const separator = fc.oneof(
  { weight: 6, arbitrary: fc.constant('/') },
  fc.constantFrom(
    ...['//', '///', '%2f', '%2F', '/%2f', '%252f', '\\', '%5c', '%5C', '%255c', '/;/', ';/', '/;x=1/', '%3b/'],
    ...['%EF%BC%8F', '%E2%88%95', '%EF%BC%BC', '%c0%af', '%u002f', '/%20/', '/ /', '/.%20/', '/%00/', '/(S(x))/'],
  ),
)

/** Segments that lead elsewhere, or that some server takes for nothing. */
const step = fc.constantFrom(
  ...['.', '..', '...', '%2e', '%2e%2e', '.%2E', '%2e.', '%252e%252e', '..;', '..;x=1', '.;', '%2e%2e%3b', '..%20'],
  ...['..%00', '.. .', '..%20.', '%EF%BC%8E%EF%BC%8E', '%E2%80%A5', '%c0%ae%c0%ae', '%25%32%65%25%32%65', '..%2f..'],
  ...['(S(x))', '(A(x)F(y))', '(s(x))', '%28S(x))', '..%E2%80%8B', '.%C2%AD.', '%20', ';', '', '%u002e%u002e'],
)

/** What hangs on the end of a name and is not seen as a part of it. */
const tail = fc.constantFrom(
  ...[
    '',
    '',
    '',
    '',
    '.',
    '..',
    '. .',
    '%20',
    '%20%20',
    '.%20',
    '%20.',
    '%2e',
    ';',
    ';x',
    ';x=/../',
    ';jsessionid=1',
    '%3bx',
  ],
  ...[
    '%00',
    '%00.png',
    '#',
    '%23',
    '%23x',
    '%3f',
    '%3fx',
    '?',
    '::$DATA',
    ':$DATA',
    ':$I30:$INDEX_ALLOCATION',
    ':x',
    ':',
  ],
  ...[
    '%3a%3a$DATA',
    '%3a$I30%3a$INDEX_ALLOCATION',
    '%09',
    '%0a',
    '%0d',
    '%7f',
    '%A0',
    '%85',
    '%C2%A0',
    '%E3%80%80',
    '~',
    '+',
  ],
)

const segment = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(disguisedName, tail).map(([name, after]) => name + after) },
  { weight: 1, arbitrary: step },
)

const query = fc.constantFrom('', '', '', '?', '?/public', '?x=/../admin', '?/../public', '?#', '??')

/** One character per byte; begins with `/` nearly always. */
export const hostileTarget: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('/', '/', '/', '/', '/', '//', '', '/./', '/;/', '/%2f', '\\'),
    fc.array(fc.tuple(segment, separator), { minLength: 1, maxLength: 4 }),
    fc.boolean(),
    query,
  )
  .map(([start, parts, closes, after]) => {
    const path = parts.map(([each, next], at) => each + (at < parts.length - 1 || closes ? next : '')).join('')
    return start + path + after
  })
