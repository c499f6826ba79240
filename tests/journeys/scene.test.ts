/** One story, wherever sessions are kept, and however many gateways there are: two people, role pages, form, chat, log-out. */
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { redisMissing, until } from '../redis.ts'
import { createVisitor, navigation } from '../visitor.ts'
import { startBrowser, type TestBrowser } from './browser.ts'
import { type Scene, type SceneName, startScene } from './scene.ts'
import {
  ada,
  arriveAt,
  arriveAtPicker,
  cookieOf,
  joinChat,
  logOut,
  reads,
  sayInChat,
  sendMessage,
  sessionCookie,
  signIn,
  uwe,
} from './steps.ts'

let browser: TestBrowser

beforeAll(async () => {
  browser = await startBrowser()
})

afterAll(async () => {
  await browser?.close()
})

const scenes: readonly SceneName[] = ['the memory store', 'Redis', 'two gateways on one Redis']

for (const name of scenes) {
  describe.skipIf(name !== 'the memory store' && redisMissing())(`with ${name}`, () => {
    let scene: Scene

    beforeAll(async () => {
      scene = await startScene(name)
    })

    afterAll(async () => {
      await scene?.close()
    })

    test('two people sign in, see what their roles allow, use the form and the chat, and log out', () =>
      browser.visit(async (one) => {
        await browser.visit(async (other) => {
          const served = servedBy(one.tab)
          await signIn(one.tab, `${scene.origin}/admin?x=%2F`, ada)
          assert.equal(served().size, scene.gateways.length === 2 ? 2 : 0)
          await reads(one.tab, 'Administration')
          await signIn(other.tab, `${scene.origin}/payslips`, uwe)
          await other.tab.goto(`${scene.origin}/admin`)
          await reads(other.tab, 'You may not open this page')

          for (const [tab, person] of [
            [one.tab, ada],
            [other.tab, uwe],
          ] as const) {
            const sent = [`Grüße von ${person.name}`, '山田さん 🎉']
            assert.deepEqual(await sendMessage(tab, scene.origin, sent[0] ?? '', sent[1] ?? ''), sent)
            await joinChat(tab, scene.origin, person)
            await sayInChat(tab, person, 'hello')
          }
          const second = await one.context.newPage()
          await logOut(second, scene.origin)
          await one.tab.getByText('The connection is closed.').waitFor({ timeout: 1_000 })
          await sayInChat(other.tab, uwe, 'still here')
          await one.tab.goto(`${scene.origin}/form`)
          await arriveAtPicker(one.tab)
          await other.tab.goto(`${scene.origin}/payslips`)
          await arriveAt(other.tab, `${scene.origin}/payslips`)
          await logOut(other.tab, scene.origin)
        })
      }))

    attack('T69', 'every gateway refuses the old cookie within a second of a log-out', () =>
      browser.visit(async ({ context, tab }) => {
        await signIn(tab, `${scene.origin}/payslips`, ada)
        const session = await cookieOf(context, sessionCookie)
        const headers = {
          ...navigation,
          host: new URL(scene.origin).host,
          cookie: `${session?.name}=${session?.value}`,
        }
        const visitor = createVisitor()
        const ask = async (gateway: string) => (await visitor.ask(`${gateway}/payslips`, { headers })).status
        // Twice: from now on every gateway knows the session by itself.
        for (const gateway of [...scene.gateways, ...scene.gateways]) assert.equal(await ask(gateway), 200)
        await logOut(tab, scene.origin)
        const refused = scene.gateways.map((gateway) =>
          until(`${gateway} refuses`, async () => (await ask(gateway)) === 302, 1_000),
        )
        await Promise.all(refused)
        visitor.close()
      }),
    )
  })
}

/** Which gateways have answered this tab, by what the balancer says. */
function servedBy(tab: Page): () => ReadonlySet<string> {
  const served = new Set<string>()
  tab.on('response', (response) => {
    const gateway = response.headers()['x-served-by']
    if (gateway !== undefined) served.add(gateway)
  })
  return () => served
}
