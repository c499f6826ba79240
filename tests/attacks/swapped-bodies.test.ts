/** What goes out in place of the few bytes that stand for a kept form, when those come in every odd way. */
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { comeBack, post, uwe } from '../http/forms.ts'
import { bytesOf, openWire } from '../http/wire.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, type Visitor } from '../visitor.ts'
import { attack } from './attack.ts'
import { type Recorder, startRecorder } from './recorder.ts'

let recorder: Recorder
let stage: Stage
let visitor: Visitor

beforeAll(async () => {
  recorder = await startRecorder()
  stage = await startStage({ upstreamUrl: recorder.origin })
})
beforeEach(() => {
  visitor = createVisitor()
})
afterEach(() => visitor.close())
afterAll(async () => {
  await stage.close()
  await recorder.close()
})

const hidden = 'a=1\r\n\r\nGET /admin HTTP/1.1\r\nHost: x\r\nX-Forwarded-User: root\r\n\r\n'
const type = 'Content-Type: application/x-www-form-urlencoded'

interface Way {
  /** Those that say how the body comes. */
  readonly lines: (length: number) => readonly string[]
  readonly body?: (placeholder: string) => string
  readonly version?: string
  /** The form, or the few bytes themselves, or nothing where they could be read in two ways. */
  readonly arrives: 'form' | 'placeholder' | 'nothing'
}

const ordinary = (length: number) => [`Content-Length: ${length}`, type]
const whole = (text: string) => text
const chunked = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`
const ways: Readonly<Record<string, Way>> = {
  'as a browser does': { lines: ordinary, arrives: 'form' },
  'with an expectation': { lines: (length) => ['Expect: 100-continue', ...ordinary(length)], arrives: 'form' },
  'with a type that says more': {
    lines: (length) => [`Content-Length: ${length}`, `${type}; charset=UTF-7; boundary=x`],
    arrives: 'form',
  },
  'with trailers announced': {
    lines: (length) => ['TE: trailers', 'Trailer: Content-Length', 'Connection: te', ...ordinary(length)],
    arrives: 'form',
  },
  'with a length of its own for somebody behind': {
    lines: (length) => ['X-Content-Length: 5', 'Content_Length: 5', 'Keep-Alive: max=1', ...ordinary(length)],
    arrives: 'form',
  },
  'in HTTP/1.0': { lines: ordinary, version: 'HTTP/1.0', arrives: 'form' },
  'in chunks': { lines: () => ['Transfer-Encoding: chunked', type], body: chunked, arrives: 'placeholder' },
  'in chunks with a length': {
    lines: (length) => ['Transfer-Encoding: chunked', ...ordinary(length)],
    body: chunked,
    arrives: 'nothing',
  },
  'with two lengths': { lines: (length) => [...ordinary(length), 'Content-Length: 5'], arrives: 'nothing' },
  'with a length written otherwise': {
    lines: (length) => [`Content-Length: 0${length}`, type],
    arrives: 'nothing',
  },
  'with two types': { lines: (length) => [...ordinary(length), 'Content-Type: text/html'], arrives: 'nothing' },
  'as a compressed body': {
    lines: (length) => ['Content-Encoding: gzip', ...ordinary(length)],
    arrives: 'placeholder',
  },
}

for (const [how, { lines, body = whole, version = 'HTTP/1.1', arrives }] of Object.entries(ways)) {
  attack('T93', `is one request, and the next one its own, with a kept form that is sent for ${how}`, async () => {
    const { url, placeholder } = await comeBack(visitor, await post(visitor, `${stage.origin}/save?x=1`, hidden), uwe)
    recorder.reset()
    const head = [
      ...['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Dest: document', 'Accept: text/html'],
      `Cookie: ${visitor.cookies(stage.origin).join('; ')}`,
      ...lines(placeholder.length),
    ]
    const wire = await openWire(stage.origin)
    const sent = bytesOf(stage.origin, `POST ${url.slice(stage.origin.length)}`, head).replace('HTTP/1.1', version)
    // Behind one in HTTP/1.0 nothing may come.
    const next = version === 'HTTP/1.1' ? bytesOf(stage.origin, 'GET /public/next', ['Accept: text/plain']) : ''
    wire.send(sent + body(placeholder) + next)
    const answer = await wire.answer()
    expect([how, (answer?.status ?? 0) < 300]).toEqual([how, arrives !== 'nothing'])
    await wire.answer({ milliseconds: 500 })
    wire.end()
    const posts = recorder.requests.filter(({ method }) => method === 'POST')
    const expected = { form: hidden, placeholder, nothing: null }[arrives]
    expect(posts.map((each) => each.body)).toEqual(expected === null ? [] : [expected])
    // What was hidden in it is no request; what stood behind it is.
    expect(recorder.faults).toEqual([])
    expect(
      recorder.requests.map(({ target }) => target).filter((target) => !/^\/(save\?x=1|public\/next)$/.test(target)),
    ).toEqual([])
    const others = recorder.requests.filter(({ method }) => method === 'GET')
    expect(others.length).toBeLessThanOrEqual(1)
    for (const each of others) expect(each.connection).not.toBe(posts[0]?.connection)
  })
}
