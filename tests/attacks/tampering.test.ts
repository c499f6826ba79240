/** Whatever the gateway gives into somebody's hands, changed at every byte: never a session, never a failure of ours. */
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { asked, comeBack, post } from '../http/forms.ts'
import { type GlassScene, password, startGlass, submit, toForm } from '../http/glass-scene.ts'
import {
  begin,
  binding,
  cameBack,
  givesSession,
  parameter,
  setCookies,
  sid,
  visit,
  withParameter,
} from '../http/scene.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, type Reply, signIn, type Visitor } from '../visitor.ts'
import { attack } from './attack.ts'
import { askWithAll, changedTexts, rightBeginnings } from './changed-texts.ts'

const uwe = 'uwe@contoso.example'

function expectNobody(replies: readonly Reply[], what: string, statuses: readonly number[]): void {
  expect(replies.length).toBeGreaterThan(20)
  expect(replies.filter(givesSession), what).toEqual([])
  const others = replies.map(({ status }) => status).filter((status) => !statuses.includes(status))
  expect(others, what).toEqual([])
}

describe('what a sign-in gives', () => {
  let stage: Stage
  let visitor: Visitor
  const stranger = createVisitor()
  beforeAll(async () => {
    stage = await startStage({
      application: { loopLimit: null },
      server: ', limits: { failures: 0, signIns: { perCaller: 0 } }',
    })
    visitor = createVisitor()
    await signIn(visitor, `${stage.origin}/x`, uwe)
  })
  afterAll(async () => {
    for (const each of [visitor, stranger]) each.close()
    await stage.close()
  })

  const at = (path: string) => stage.origin + path
  const posted = () => stage.upstream.seen.filter(({ method }) => method === 'POST')

  attack(['T85', 'T57'], 'does not: no change of a session cookie, nor its right beginning, is a session', async () => {
    const cookie = visitor.cookie(stage.origin, sid) ?? ''
    const ask = (value: string) => stranger.ask(at('/x'), { headers: { cookie: `${sid}=${value}` } })
    expect((await ask(cookie)).status).toBe(200)
    expectNobody(await askWithAll(changedTexts(cookie), ask), 'changed', [401])
    const tried = rightBeginnings(cookie)
    const replies = await askWithAll(tried, ask)
    expectNobody(replies, 'beginnings', [401])
    // Nor does an answer tell how much of it was right.
    const alike = replies.map(({ body, headers }) => [
      body.replace(/[0-9a-f-]{36}/g, 'id'),
      Object.keys(headers).toSorted().join(),
      headers['set-cookie'],
    ])
    expect(new Set(alike.map((each) => JSON.stringify(each))).size).toBe(1)
  })

  attack('T37', 'is unreadable with any byte of the state changed, and used up by none of it', async () => {
    const browser = createVisitor()
    const answer = await cameBack(browser, at('/deep'), uwe)
    const cookie = `${binding}=${browser.cookie(stage.origin, binding)}`
    const ask = (state: string) =>
      stranger.ask(withParameter(answer, 'state', state), { headers: { ...navigation, cookie } })
    expectNobody(await askWithAll(changedTexts(parameter(answer, 'state')), ask), 'state', [400])
    expect(givesSession(await visit(browser, answer))).toBe(true)
    browser.close()
  })

  attack('T41', 'is foreign to a browser with any byte of the binding changed', async () => {
    const browser = createVisitor()
    const answer = await cameBack(browser, at('/deep'), uwe)
    const value = browser.cookie(stage.origin, binding) ?? ''
    const [own = '', ...vouched] = value.split('.')
    expect([own.length, vouched.length]).toEqual([22, 2])
    const ask = (changed: string) =>
      stranger.ask(answer, { headers: { ...navigation, cookie: `${binding}=${changed}` } })
    const changed = changedTexts(own).map((each) => [each, ...vouched].join('.'))
    // It begins anew, or says why not.
    expectNobody(await askWithAll([...changed, ...rightBeginnings(own)], ask), 'binding', [302, 400])
    expect(givesSession(await visit(browser, answer))).toBe(true)
    browser.close()
  })

  attack(
    ['T57', 'T56'],
    'is not vouched for with any byte changed, any boundary shifted, or a right beginning',
    async () => {
      const browser = createVisitor()
      await begin(browser, at('/deep'))
      const value = browser.cookie(stage.origin, binding) ?? ''
      const [own = '', stamp = '', proof = ''] = value.split('.')
      /** The cookie as the next sign-in leaves it: one that is vouched for is given back as it was. */
      const given = async (cookie: string) => {
        const reply = await stranger.ask(at('/x'), { headers: { ...navigation, cookie: `${binding}=${cookie}` } })
        expect(reply.status).toBe(302)
        return /^__Host-login=([^;]*)/.exec(setCookies(reply).find((line) => line.startsWith(binding)) ?? '')?.[1]
      }
      expect(await given(value)).toBe(value)
      for (const forged of [
        ...changedTexts(value),
        ...rightBeginnings(proof).map((each) => `${own}.${stamp}.${each}`),
        // The same letters, with the dots elsewhere.
        `${own.slice(0, -1)}.${own.at(-1)}${stamp}.${proof}`,
        `${own}${stamp[0]}.${stamp.slice(1)}.${proof}`,
        `${own}.${stamp.slice(0, -1)}.${stamp.at(-1)}${proof}`,
        `${own}.${stamp}${proof[0]}.${proof.slice(1)}`,
        `${own}.${stamp}`,
        `${own}..${stamp}${proof}`,
      ]) {
        expect(await given(forged), forged).not.toBe(forged)
      }
      browser.close()
    },
  )

  attack('T127', 'opens no kept form with any byte of its cookie or of its token changed', async () => {
    const cookieName = '__Host-form'
    const browser = createVisitor()
    const { page, url, placeholder } = await comeBack(browser, await post(browser, at('/save'), 'pin=4711'), uwe)
    const secret = browser.cookie(stage.origin, cookieName) ?? ''
    const session = `${sid}=${browser.cookie(stage.origin, sid)}`
    const [, token = ''] = placeholder.split('=')
    const before = posted().length
    const look = (changed: string) =>
      stranger.ask(page.url, { headers: { ...navigation, cookie: `${session}; ${cookieName}=${changed}` } })
    for (const reply of await askWithAll([...changedTexts(secret), ...rightBeginnings(secret)], look))
      expect([reply.status, reply.body.includes('form_gone')]).toEqual([410, true])
    const send = (cookie: string, body: string) => post(stranger, url, body, { cookie: `${session}; ${cookie}` })
    const right = `${cookieName}=${secret}`
    const replies = [
      ...(await askWithAll(changedTexts(secret), (each) => send(`${cookieName}=${each}`, placeholder))),
      ...(await askWithAll([...changedTexts(token), ...rightBeginnings(token)], (each) =>
        send(right, `sallyport-form=${each}`),
      )),
    ]
    expect(replies.filter((reply) => reply.status >= 500 || givesSession(reply))).toEqual([])
    // What is no token at all is a form like any other, and arrives as it is; what was kept does not.
    for (const { body } of posted().slice(before)) expect(body).toMatch(/^sallyport-form=/)
    expect(replies.filter(({ status }) => status === 403 || status === 410).length).toBeGreaterThan(60)
    await asked(await visit(browser, page.url)).send(browser)
    expect(posted().at(-1)).toMatchObject({ url: '/save', body: 'pin=4711' })
    browser.close()
  })
})

describe('what the door for emergencies gives', () => {
  let scene: GlassScene
  beforeAll(async () => {
    scene = await startGlass()
    scene.open()
    await scene.isOpen(true)
  })
  afterAll(() => scene.close())

  let callers = 0
  /** Each from a network of its own, so that no limit is what holds. */
  const from = () => {
    callers += 1
    return { 'x-forwarded-for': `2001:db8:${callers.toString(16)}::1` }
  }

  attack(
    'T46',
    'is of no use with any byte of the code or of its transaction changed, and used up by none of it',
    async () => {
      const browser = createVisitor()
      const sent = await submit(browser, await toForm(browser, scene), { name: 'anna', password })
      const url = sent.location
      const cookie = browser.cookies(scene.origin).join('; ')
      const stranger = createVisitor()
      const ask = (name: string) => (text: string) =>
        stranger.ask(withParameter(url, name, text), { headers: { ...navigation, ...from(), cookie } })
      expectNobody(await askWithAll(changedTexts(parameter(url, 'code')), ask('code')), 'code', [400])
      expectNobody(await askWithAll(changedTexts(parameter(url, 'state')), ask('state')), 'state', [404])
      const [own = ''] = (browser.cookie(scene.origin, binding) ?? '').split('.')
      const bound = (text: string) =>
        stranger.ask(url, { headers: { ...navigation, ...from(), cookie: `${binding}=${text}` } })
      expectNobody(await askWithAll(changedTexts(own), bound), 'binding', [400])
      expect(givesSession(await visit(browser, url))).toBe(true)
      stranger.close()
      browser.close()
    },
  )

  attack(
    ['T54', 'T57'],
    'takes no password by a form with any byte of its token, state or cookie changed',
    async () => {
      const browser = createVisitor()
      const page = await toForm(browser, scene)
      const [cookieName = '', cookieValue = ''] = (browser.cookies(scene.console)[0] ?? '').split('=')
      const hidden = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page.body)?.[1] ?? ''
      const right = { name: 'anna', password }
      const send = (from_: string, to: string) => {
        const changed = { ...page, body: page.body.replace(`value="${from_}"`, `value="${to}"`) }
        return submit(browser, changed, right, { ...from(), cookie: `${cookieName}=${cookieValue}` })
      }
      const [token, state] = [hidden('token'), hidden('state')]
      const replies = [
        ...(await askWithAll(changedTexts(token), (each) => send(token, each))),
        ...(await askWithAll(changedTexts(state), (each) => send(state, each))),
        ...(await askWithAll([...changedTexts(cookieValue), ...rightBeginnings(cookieValue)], (each) =>
          submit(browser, page, right, { ...from(), cookie: `${cookieName}=${each}` }),
        )),
      ]
      // The form once more, for whoever comes with another browser's; or nothing, where there is no transaction.
      expect(new Set(replies.map(({ status, location }) => `${status} ${location}`))).toEqual(new Set(['200 ', '404 ']))
      expect(scene.logged('break_glass_accepted').length).toBe(1)
      expect((await submit(browser, page, right, { cookie: `${cookieName}=${cookieValue}` })).status).toBe(303)
      browser.close()
    },
  )
})
