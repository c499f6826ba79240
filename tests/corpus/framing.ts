/**
 * Requests and answers whose end two readers could find in two places. `$host` stands for the tenant's host, and `$inner`
 * for a request that hides in the body.
 */

export interface FramingCase {
  readonly what: string
  /** What stands after the request line, which is that of a POST unless `line` says another. */
  readonly lines: readonly string[]
  readonly body?: string
  readonly line?: string
  /** Answers there may be; 400 alone where none are given. */
  readonly statuses?: readonly number[]
  /** There is no doubt about where it ends: what follows on the connection is a request of its own. */
  readonly lasts?: true
}

/** For values of one header, the body being that of the length or of the chunks that they mean to be. */
const lengths = (values: readonly string[]): readonly FramingCase[] =>
  values.map((value) => ({ what: `the length ${show(value)}`, lines: [`Content-Length: ${value}`], body: 'abcde' }))
const codings = (values: readonly string[]): readonly FramingCase[] =>
  values.map((value) => ({
    ...{ what: `the transfer coding ${show(value)}`, lines: [`Transfer-Encoding: ${value}`], statuses: [400, 501] },
    body: '3\r\nabc\r\n0\r\n\r\n',
  }))
const chunks = (bodies: readonly string[], statuses: readonly number[] = [400]): readonly FramingCase[] =>
  bodies.map((body) => ({ what: `the chunks ${show(body)}`, lines: ['Transfer-Encoding: chunked'], body, statuses }))
const fields = (lines: readonly string[]): readonly FramingCase[] =>
  lines.map((line) => ({ what: `the line ${show(line)}`, lines: [line, 'Content-Length: 0'] }))
const lasting = (cases: readonly FramingCase[]): readonly FramingCase[] =>
  cases.map((each) => ({ ...each, lasts: true }))
const starts = (begins: readonly string[]): readonly FramingCase[] =>
  begins.map((line) => ({ what: `the start ${show(line)}`, lines: [], line }))
const together = (what: string, lines: readonly string[], body = '0\r\n\r\n'): FramingCase => ({
  ...{ what, lines, body, statuses: [400, 501] },
})

function show(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}

export const refusedFramings: readonly FramingCase[] = [
  ...lengths([
    '+5',
    '-5',
    '-0',
    '5.0',
    '5e0',
    '0x5',
    '05',
    '00005',
    '5 5',
    '5,5',
    '5, 5',
    '5;',
    '"5"',
    '',
    '1_0',
    '5\x0b',
  ]),
  ...lengths(['\x0b5', '5\x00', '٥', '5\r\n 0', '9007199254740993', '9223372036854775808', '18446744073709551615']),
  ...lengths(['18446744073709551616', '18446744073709551621', '99999999999999999999999', 'five', '5 chunked']),
  ...codings(['xchunked', 'chunkedx', 'x', 'gzip', 'identity', 'chunked, identity', 'identity, chunked', 'chunked, x']),
  ...codings(['gzip, chunked', 'chunked, chunked', 'chunked,', ',chunked', 'chunked;q=1', 'chunked;', '"chunked"', '']),
  ...codings(['\x0bchunked', '\x0cchunked', 'chunked\x0b', 'chunked\x00', 'chunked\xa0', 'chun ked', 'chunked\t']),
  ...codings(['chunked\r\n ', '\r\n chunked', 'chu\r\n nked', 'trailers, chunked', 'chunked\rx', 'chunked\nx: y']),
  together('length and coding', ['Content-Length: 5', 'Transfer-Encoding: chunked']),
  together('coding and length', ['Transfer-Encoding: chunked', 'Content-Length: 5']),
  together('length, and a coding in capitals', ['content-length: 5', 'TRANSFER-ENCODING: CHUNKED']),
  together('length, and a coding that is none', ['Content-Length: 5', 'Transfer-Encoding: x']),
  together('length, and no coding by name', ['Content-Length: 5', 'Transfer-Encoding: identity']),
  together('length, and an empty coding', ['Content-Length: 5', 'Transfer-Encoding:']),
  together('length, and a coding with a blank before the colon', ['Content-Length: 5', 'Transfer-Encoding : chunked']),
  together('length, and a coding with a tab before the colon', ['Content-Length: 5', 'Transfer-Encoding\t: chunked']),
  together('length, and a coding after a bare LF', ['Content-Length: 5', 'X: y\nTransfer-Encoding: chunked']),
  together('length, and a coding after a bare CR', ['Content-Length: 5', 'X: y\rTransfer-Encoding: chunked']),
  together('length, and a coding in a folded line', ['Content-Length: 5', 'X: y', ' Transfer-Encoding: chunked']),
  together('length, and a coding in a line folded by a tab', ['Content-Length: 5', '\tTransfer-Encoding: chunked']),
  together('length, and a coding with a NUL in its name', ['Content-Length: 5', 'Transfer-Encoding\x00: chunked']),
  together('chunked in two lines', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']),
  together('chunked, then another coding', ['Transfer-Encoding: chunked', 'Transfer-Encoding: x']),
  together('another coding, then chunked', ['Transfer-Encoding: x', 'Transfer-Encoding: chunked']),
  together('nothing, then chunked', ['Transfer-Encoding:', 'Transfer-Encoding: chunked']),
  together('the same length twice', ['Content-Length: 5', 'Content-Length: 5']),
  together('two lengths', ['Content-Length: 0', 'Content-Length: 5']),
  together('two lengths, the longer first', ['Content-Length: 5', 'content-length: 0']),
  together('a length with a blank before the colon', ['Content-Length : 5']),
  together('a length in a folded line', ['X: y', ' Content-Length: 5']),
  together('a connection that names the length', ['Content-Length: 5', 'Connection: content-length']),
  together('a connection that names the coding', [
    'Transfer-Encoding: chunked',
    'Connection: close, Transfer-Encoding',
  ]),
  {
    ...{ what: 'a coding in HTTP/1.0', line: 'POST $path HTTP/1.0', lines: ['Transfer-Encoding: chunked'] },
    // What comes behind it is refused anyway, and would hide that this is.
    ...{ body: '3\r\nabc\r\n0\r\n\r\n', lasts: true },
  },
  ...chunks(['+3\r\nabc\r\n0\r\n\r\n', '-3\r\nabc\r\n0\r\n\r\n', '0x3\r\nabc\r\n0\r\n\r\n', ' 3\r\nabc\r\n0\r\n\r\n']),
  ...chunks([
    '3 \r\nabc\r\n0\r\n\r\n',
    '3\t\r\nabc\r\n0\r\n\r\n',
    '3\nabc\r\n0\r\n\r\n',
    '3\r\nabc\n0\r\n\r\n',
    '3\rabc\r\n0\r\n\r\n',
  ]),
  ...chunks([
    '3\r\nabc0\r\n\r\n',
    '3\r\nabcd\r\n0\r\n\r\n',
    '2\r\nabc\r\n0\r\n\r\n',
    '\r\nabc\r\n0\r\n\r\n',
    'g\r\nabc\r\n0\r\n\r\n',
  ]),
  ...chunks([
    '3;a="b\r\nabc\r\n0\r\n\r\n',
    '3;a\nabc\r\n0\r\n\r\n',
    '3;a\rb\r\nabc\r\n0\r\n\r\n',
    '3;\x00\r\nabc\r\n0\r\n\r\n',
  ]),
  ...chunks([
    '3;;;\r\nabc\r\n0\r\n\r\n',
    '3 ;a\r\nabc\r\n0\r\n\r\n',
    '3 a\r\nabc\r\n0\r\n\r\n',
    '3;a="\n$inner"\r\nabc\r\n0\r\n\r\n',
  ]),
  ...chunks([
    'FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n',
    '10000000000000003\r\nabc\r\n0\r\n\r\n',
    '-0\r\n\r\n',
    '3,\r\nabc\r\n0\r\n\r\n',
  ]),
  ...chunks(['3\r\nabc\r\n0\n\n', '3\r\nabc\r\n0\r\n\n', '3\r\nabc\r\n0\n\r\n', '3\r\nabc\r\n0\r\nX: y\nZ: a\r\n\r\n']),
  ...chunks(['3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n', '3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n']),
  ...chunks(['3\r\nabc\r\n0\r\n: x\r\n\r\n', '3\r\nabc\r\n0\r\nX y\r\n\r\n', '3\r\nabc\r\n0\r\n X: y\r\n\r\n']),
  ...chunks([`3;${'a'.repeat(20_000)}\r\nabc\r\n0\r\n\r\n`], [400, 413, 431]),
  ...chunks(
    [`3\r\nabc\r\n0\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, `3\r\nabc\r\n0\r\n${'X: y\r\n'.repeat(3_000)}\r\n`],
    [431],
  ),
  ...fields([
    'X[: y',
    'X(: y',
    'X\x80: y',
    'X@: y',
    'X y: z',
    'X\ty: z',
    'X : y',
    'X\t: y',
    ': y',
    ' X: y',
    '"X": y',
    'X',
    'X=y',
  ]),
  ...fields([
    'X: \x00',
    'X: a\x00b',
    'X: \x01',
    'X: \x7f',
    'X: y\x0b',
    'X: \x1b[2J',
    'X\x00: y',
    'X: a\rb',
    'X: a\nb',
    'X\r\n: y',
  ]),
  ...fields([
    'X: b\r\n X-Forwarded-User: admin',
    'X: b\r\n\tc',
    'X: b\rX-Forwarded-User: admin',
    'X: b\nX-Forwarded-User: admin',
  ]),
  ...lasting(
    fields([
      'Connection: X-Forwarded-User',
      'connection: keep-alive, x-forwarded-for',
      'Connection: x_forwarded_user',
      'Connection: cookie',
      'Connection: close, host',
      'Connection: authorization',
      'Connection: X-Sallyport-Hops',
    ]),
  ),
  ...lasting(
    fields(['Authorization: Basic YQ==\r\nAuthorization: Basic Yg==', 'Content-Type: a/b\r\nContent-Type: c/d']),
  ),
  { what: 'an expectation that nobody knows', lines: ['Expect: x', 'Content-Length: 0'], lasts: true, statuses: [417] },
  {
    what: 'one beside the known one',
    lines: ['Expect: 100-continue, x', 'Content-Length: 0'],
    lasts: true,
    statuses: [417],
  },
  ...starts(['POST $path HTTP/1.2', 'POST $path HTTP/3.0', 'POST $path HTTP/9.9']),
  ...starts([
    'POST $path HTTP/01.1',
    'POST $path HTTP/1.10',
    'POST $path HTTP/1.1x',
    'POST $path HTTP/1,1',
    'POST $path HTTP/1',
  ]),
  ...starts(['POST $path http/1.1', 'POST $path HTTPS/1.1', 'POST $path ICE/1.0', ' POST $path HTTP/1.1']),
  ...starts([
    'POST\t$path HTTP/1.1',
    'POST $path\tHTTP/1.1',
    'POST $path HTTP/1.1 ',
    'POST $path\x00 HTTP/1.1',
    'POST $path HTTP/1.1\rX: y',
  ]),
  ...starts([
    'POST $path HTTP/1.1\nX: y\n',
    'POST $path HTTP/1.1 HTTP/1.1',
    'PO ST $path HTTP/1.1',
    '\x16\x03\x01\x02\x00',
    'PRI * HTTP/2.0',
  ]),
  ...lasting(starts(['POST $path HTTP/2.0', 'POST $path HTTP/0.9', 'POST $path'])),
  { what: '101 fields', lines: Array.from({ length: 101 }, (_none, at) => `X-${at}: y`), lasts: true, statuses: [431] },
  { what: '3,000 fields', lines: Array.from({ length: 3_000 }, () => 'a:b'), statuses: [431] },
  { what: '17 KB in one field', lines: [`X: ${'a'.repeat(17_408)}`], statuses: [431] },
  { what: '17 KB of cookies', lines: [`Cookie: ${'a=b; '.repeat(3_482)}c=d`], statuses: [431] },
  { what: '1 MB in one field', lines: [`X: ${'a'.repeat(1_048_576)}`], statuses: [431] },
  { what: 'a name of 17 KB', lines: [`${'a'.repeat(17_408)}: x`], statuses: [431] },
  {
    what: 'a path of 8,193 bytes',
    line: `POST /${'a'.repeat(8_192)} HTTP/1.1`,
    lines: [],
    lasts: true,
    statuses: [414],
  },
  { what: 'a line of 17 KB', line: `POST /${'a'.repeat(17_408)} HTTP/1.1`, lines: [], statuses: [414, 431] },
]

/** Odd, and yet of one meaning: the body that arrives. */
export const acceptedFramings: readonly (FramingCase & { readonly arrives: string })[] = [
  { what: 'a length between blanks', lines: ['Content-Length: \t 3 \t'], body: 'abc', arrives: 'abc' },
  { what: 'a length of zero', lines: ['Content-Length: 0'], arrives: '' },
  { what: 'no framing at all', lines: [], arrives: '' },
  ...['Chunked', 'CHUNKED', '\tchunked', 'chunked '].map((coding) => ({
    ...{ what: `the transfer coding ${show(coding)}`, lines: [`Transfer-Encoding: ${coding}`] },
    ...{ body: '3\r\nabc\r\n0\r\n\r\n', arrives: 'abc' },
  })),
  ...['3;a=b', '3;a', '3;a=b;c="d;e"', '003', '0000000000000000000003'].map((size) => ({
    ...{ what: `the size ${show(size)}`, lines: ['Transfer-Encoding: chunked'] },
    ...{ body: `${size}\r\nabc\r\n0\r\n\r\n`, arrives: 'abc' },
  })),
  ...['X: y', 'Host: evil.example', 'X-Forwarded-User: admin', 'Cookie: a=b', 'Authorization: Basic x'].map(
    (trailer) => ({
      ...{ what: `the trailer ${show(trailer)}`, lines: ['Transfer-Encoding: chunked', 'TE: trailers', 'Trailer: X'] },
      ...{ body: `3\r\nabc\r\n0\r\n${trailer}\r\n\r\n`, arrives: 'abc' },
    }),
  ),
  {
    ...{
      what: 'a coding by another name beside the length',
      lines: ['Content-Length: 5', 'Transfer_Encoding: chunked'],
    },
    ...{ body: '0\r\n\r\n', arrives: '0\r\n\r\n' },
  },
  {
    ...{
      what: 'a length by another name beside the coding',
      lines: ['Content_Length: 5', 'Transfer-Encoding: chunked'],
    },
    ...{ body: '3\r\nabc\r\n0\r\n\r\n', arrives: 'abc' },
  },
  {
    what: 'a length in HTTP/1.0',
    line: 'POST $path HTTP/1.0',
    lines: ['Content-Length: 3'],
    body: 'abc',
    arrives: 'abc',
  },
  { what: 'a request in HTTP/1.0', line: 'POST $path HTTP/1.0', lines: [], arrives: '' },
  { what: 'empty lines before it', line: '\r\n\r\nPOST $path HTTP/1.1', lines: ['Content-Length: 0'], arrives: '' },
  {
    what: 'blanks between the parts of its line',
    line: 'POST   $path  HTTP/1.1',
    lines: ['Content-Length: 0'],
    arrives: '',
  },
  { what: 'an expectation', lines: ['Expect: 100-continue', 'Content-Length: 3'], body: 'abc', arrives: 'abc' },
  {
    what: 'a connection that names a field',
    lines: ['Connection: X-Any', 'X-Any: y', 'Content-Length: 0'],
    arrives: '',
  },
  { what: '99 fields', lines: Array.from({ length: 96 }, (_none, at) => `X-${at}: y`), arrives: '' },
  ...['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PROPFIND'].flatMap((method) => [
    {
      what: `${method} with a length`,
      line: `${method} $path HTTP/1.1`,
      lines: ['Content-Length: 3'],
      body: 'abc',
      arrives: 'abc',
    },
    {
      ...{ what: `${method} with chunks`, line: `${method} $path HTTP/1.1`, lines: ['Transfer-Encoding: chunked'] },
      ...{ body: '3\r\nabc\r\n0\r\n\r\n', arrives: 'abc' },
    },
  ]),
]

export interface AnswerCase {
  readonly what: string
  /** What the application sends, piece by piece. `$poison` is a whole answer. */
  readonly pieces: readonly string[]
  /** What the caller is told: these statuses, or 0 for an answer that is broken off. */
  readonly statuses: readonly number[]
  /** Nothing is wrong with it, and its connection serves others. */
  readonly keeps?: true
}

const headOf = (...lines: readonly string[]) => ['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n')
const sized = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst'
const chunked = headOf('Transfer-Encoding: chunked')
const refused = (what: string, ...pieces: readonly string[]): AnswerCase => ({ what, pieces, statuses: [502] })
const passed = (what: string, ...pieces: readonly string[]): AnswerCase => ({ what, pieces, statuses: [200] })
const kept = (what: string, ...pieces: readonly string[]): AnswerCase => ({ ...passed(what, ...pieces), keeps: true })
const broken = (what: string, ...pieces: readonly string[]): AnswerCase => ({ what, pieces, statuses: [0] })

/** Answers of an application that is confused, or somebody else's by now. */
export const oddAnswers: readonly AnswerCase[] = [
  refused('the same length twice', `${headOf('Content-Length: 5', 'Content-Length: 5')}first$poison`),
  refused('two lengths', `${headOf('Content-Length: 5', 'Content-Length: 50')}first$poison`),
  refused('a list of lengths', `${headOf('Content-Length: 5, 5')}first$poison`),
  refused(
    'length and coding',
    `${headOf('Content-Length: 3', 'Transfer-Encoding: chunked')}5\r\nfirst\r\n0\r\n\r\n$poison`,
  ),
  refused(
    'coding and length',
    `${headOf('Transfer-Encoding: chunked', 'Content-Length: 3')}5\r\nfirst\r\n0\r\n\r\n$poison`,
  ),
  refused('an unknown coding', `${headOf('Transfer-Encoding: x')}first$poison`),
  refused('an unknown coding and a length', `${headOf('Transfer-Encoding: x', 'Content-Length: 5')}first$poison`),
  refused('a coding after chunked', `${headOf('Transfer-Encoding: chunked, x')}5\r\nfirst\r\n0\r\n\r\n$poison`),
  refused('a coding before chunked', `${headOf('Transfer-Encoding: gzip, chunked')}5\r\nfirst\r\n0\r\n\r\n$poison`),
  refused(
    'chunked twice',
    `${headOf('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')}5\r\nfirst\r\n0\r\n\r\n$poison`,
  ),
  refused('a signed length', `${headOf('Content-Length: +5')}first$poison`),
  refused('a negative length', `${headOf('Content-Length: -1')}first$poison`),
  refused('an empty length', `${headOf('Content-Length: ')}first$poison`),
  kept('a length with zeros before it', `${headOf('Content-Length: 005')}first`),
  refused('bare LF', 'HTTP/1.1 200 OK\nContent-Length: 5\n\nfirst$poison'),
  refused('a bare LF in a value', `${headOf('X: y\nContent-Length: 3', 'Content-Length: 5')}first$poison`),
  refused('a bare CR in a value', `${headOf('X: y\rContent-Length: 3', 'Content-Length: 5')}first$poison`),
  refused('a NUL in a value', `${headOf('X: a\x00b', 'Content-Length: 5')}first$poison`),
  refused('a folded line', `${headOf('X: a', ' Content-Length: 3', 'Content-Length: 5')}first$poison`),
  refused('a folded cookie', `${headOf('Set-Cookie: a=b', '\t__Host-sid=x', 'Content-Length: 5')}first$poison`),
  refused('a blank before the colon', `${headOf('Content-Length : 3', 'Content-Length: 5')}first$poison`),
  refused('a line without colon', `${headOf('garbage', 'Content-Length: 5')}first$poison`),
  refused('no HTTP at all', 'garbage garbage\r\n\r\n$poison'),
  refused('a status of two digits', 'HTTP/1.1 99 X\r\nContent-Length: 5\r\n\r\nfirst$poison'),
  refused('a status of four digits', 'HTTP/1.1 1000 X\r\nContent-Length: 5\r\n\r\nfirst$poison'),
  refused('the status 000', 'HTTP/1.1 000 X\r\nContent-Length: 5\r\n\r\nfirst'),
  refused('a 101 that nobody asked for', 'HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n$poison'),
  refused('a bare 101', 'HTTP/1.1 101 X\r\n\r\n$poison'),
  refused('a bare 101, and nothing more', 'HTTP/1.1 101 X\r\n\r\n'),
  refused('a bare 101, and an answer later', 'HTTP/1.1 101 X\r\n\r\n', '$poison'),
  refused('a bare 101 with a body', 'HTTP/1.1 101 X\r\nContent-Length: 5\r\n\r\nfirst$poison'),
  refused('17 KB of head', `${headOf(`X: ${'y'.repeat(17_000)}`, 'Content-Length: 5')}first$poison`),
  refused('a head without end', 'HTTP/1.1 200 OK', ...Array.from({ length: 8 }, () => `\r\nX: ${'y'.repeat(5_000)}`)),
  kept('3,000 fields', `${headOf(...Array.from({ length: 3_000 }, () => 'a:b'), 'Content-Length: 5')}first`),
  passed('another answer after it', `${sized}$poison`),
  passed('another answer a moment later', sized, '$poison'),
  passed('the beginning of another', `${sized}HTTP/1.1 200 OK\r\nContent-Le`, 'ngth: 6\r\n\r\npoison'),
  passed('the beginning of another, later', sized, 'HTTP/1.1 200 OK\r\nContent-Le'),
  passed('garbage after it', `${sized}garbage`),
  passed('garbage a moment later', sized, 'garbage'),
  passed('a 100 after it', `${sized}HTTP/1.1 100 Continue\r\n\r\n`),
  passed('another answer after the chunks', `${chunked}5\r\nfirst\r\n0\r\n\r\n$poison`),
  { what: 'a body with a 204', pieces: ['HTTP/1.1 204 No\r\nContent-Length: 99\r\n\r\n$poison'], statuses: [204] },
  {
    ...{ what: 'chunks with a 204', statuses: [204] },
    pieces: ['HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n$poison'],
  },
  { what: 'a body with a 304', pieces: ['HTTP/1.1 304 No\r\nContent-Length: 99\r\n\r\n$poison'], statuses: [304] },
  kept('interim answers', `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n${sized}`),
  kept('an interim answer with a length', `HTTP/1.1 103 Hints\r\nContent-Length: 5\r\n\r\n${sized}`),
  kept('5,000 interim answers', `${'HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n'.repeat(5_000)}${sized}`),
  kept('a trailer', `${chunked}5\r\nfirst\r\n0\r\nSet-Cookie: __Host-sid=x\r\n\r\n`),
  kept('an extension of a chunk', `${chunked}5;a=b\r\nfirst\r\n0\r\n\r\n`),
  broken('a chunk of another size', `${chunked}5\r\nfirstX\r\n0\r\n\r\n$poison`),
  broken('a size that overflows', `${chunked}FFFFFFFFFFFFFFFFF\r\nfirst$poison`),
  broken('chunks with bare LF', `${chunked}5\nfirst\n0\n\n$poison`),
  broken('a length in the trailer', `${chunked}5\r\nfirst\r\n0\r\nContent-Length: 3\r\n\r\n$poison`),
]
