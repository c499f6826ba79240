/** The demo, used by each of its four people. */
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { startBrowser, type TestBrowser } from './browser.ts'
import { type Demo, startDemo } from './demo.ts'
import {
  ada,
  arriveAt,
  arriveAtPicker,
  choose,
  joinChat,
  logOut,
  nora,
  type Person,
  reads,
  sayInChat,
  sendMessage,
  sessionCookie,
  signIn,
  uwe,
  zoe,
} from './steps.ts'

let demo: Demo
let browser: TestBrowser

beforeAll(async () => {
  ;[demo, browser] = await Promise.all([startDemo(), startBrowser()])
})

afterAll(async () => {
  await browser?.close()
  await demo?.stop()
})

const at = (path: string) => `${demo.origin}${path}`

test('the demo says where it is and whom to sign in as', () => {
  for (const { name, username } of [ada, uwe, nora, zoe]) {
    assert.match(demo.printed(), new RegExp(`^ +${username} +${name}: `, 'm'))
  }
})

test('every person comes back to the very address they came for', async () => {
  const deep = at('/payslips?month=2026-10&note=M%C3%A4rz%20%26%20mehr&q=a+b&q=&next=%2Fadmin%3Fx%3D1;y=(z)')
  for (const person of [ada, uwe, zoe]) {
    await browser.visit(async ({ tab }) => {
      await signIn(tab, deep, person)
      await tab.getByText(`${person.name}: the last three months`).waitFor()
      await tab.getByText(`You are ${person.name}.`, { exact: false }).waitFor()
    })
  }
})

describe('roles', () => {
  test('an administrator reads the administration page, which knows both roles', () =>
    browser.visit(async ({ tab }) => {
      await signIn(tab, at('/admin'), ada)
      await reads(tab, 'Administration')
      assert.equal(await tab.locator('#roles').innerText(), 'admin, user')
    }))

  for (const person of [uwe, zoe]) {
    test(`${person.name} is refused the administration page, changes the account there, and arrives`, () =>
      browser.visit(async ({ tab }) => {
        await signIn(tab, at('/admin'), person)
        await refused(tab, person, 'You may not open this page')
        await tab.getByRole('link', { name: 'Sign in with another account' }).click()
        await choose(tab, ada)
        await arriveAt(tab, at('/admin'))
        await reads(tab, 'Administration')
      }))
  }

  test('Nora has no role, is told what to do, and may choose another account', () =>
    browser.visit(async ({ tab }) => {
      await signIn(tab, at('/payslips?month=3'), nora)
      await refused(tab, nora, 'You have no access to this application yet')
      const contact = await tab.getByRole('link', { name: 'Ask for access' }).getAttribute('href')
      assert.match(contact ?? '', /^mailto:it@contoso\.example\?/)
      await tab.getByRole('link', { name: 'Sign in with another account' }).click()
      await choose(tab, uwe)
      await arriveAt(tab, at('/payslips?month=3'))
      await tab.getByText(`${uwe.name}: the last three months`).waitFor()
    }))

  async function refused(tab: Page, person: Person, heading: string): Promise<void> {
    await reads(tab, heading)
    await tab.getByText(person.name).waitFor()
    await tab.getByText(person.username).waitFor()
    await tab.getByText('Request id').waitFor()
    const again = await tab.reload()
    assert.equal(again?.status(), 403)
  }
})

describe('the application behind the gateway', () => {
  test('shows the guest under the right name, and every header once', () =>
    browser.visit(async ({ tab }) => {
      await signIn(tab, at('/'), zoe)
      await reads(tab, `Welcome, ${zoe.name}`)
      const rows = await tab.locator('#told tbody tr').allInnerTexts()
      const told = rows.map((row) => row.split('\t').map((cell) => cell.trim()))
      const names = told.map(([name = '']) => name.toLowerCase())
      assert.deepEqual(names, [...new Set(names)])
      const value = (name: string) => told[names.indexOf(name)]?.[1]
      assert.equal(value('x-forwarded-name'), zoe.name)
      assert.equal(value('x-forwarded-roles'), 'user')
      assert.equal(value('x-forwarded-preferred-username'), zoe.username)
      assert.equal(value('x-forwarded-email'), 'zoe@fabrikam.example')
      assert.equal(value('x-employee'), `${zoe.name} <${zoe.username}>`)
    }))

  test('gets what is typed into its form, in any script', () =>
    browser.visit(async ({ tab }) => {
      await signIn(tab, at('/'), zoe)
      const message = ['Grüße & <b>Küsse</b>', 'Zażółć gęślą jaźń 山田さん 🎉 "100 %" + a=b;c']
      assert.deepEqual(await sendMessage(tab, demo.origin, message[0] ?? '', message[1] ?? ''), message)
      await tab.reload()
      assert.equal(await tab.getByRole('status').count(), 0)
    }))

  test('chats over its WebSocket', () =>
    browser.visit(async ({ tab }) => {
      await signIn(tab, at('/'), zoe)
      await joinChat(tab, demo.origin, zoe)
      await sayInChat(tab, zoe, 'hello')
      await sayInChat(tab, zoe, 'Grüße, 山田さん 🎉')
    }))

  test('keeps a session of its own', () =>
    browser.visit(async ({ context, tab }) => {
      await signIn(tab, at('/'), ada)
      const own = async () => (await context.cookies(demo.origin)).find(({ name }) => name === 'JSESSIONID')?.value
      const before = await own()
      const visits = async () => Number(await tab.locator('#visits').innerText())
      const first = await visits()
      await tab.reload()
      assert.equal(await visits(), first + 1)
      // With the mark of the gateway before it.
      assert.match(before ?? '', /^[\w-]{22}\.[0-9A-F]{32}$/)
      assert.equal(await own(), before)
    }))

  test('gives the next person in the same browser a session of theirs, also where nobody logged out there (T128)', () =>
    browser.visit(async ({ context, tab }) => {
      await signIn(tab, at('/'), ada)
      const visits = async () => Number(await tab.locator('#visits').innerText())
      for (let times = 0; times < 3; times += 1) await tab.reload()
      assert.ok((await visits()) > 3)
      const cookies = await context.cookies(demo.origin)
      const left = cookies.find(({ name }) => name === 'JSESSIONID')
      // Only ours: the application was not told, and the browser still has its cookie.
      await tab.goto(at('/.auth/logout'))
      await tab.getByRole('button', { name: 'Sign out' }).click()
      await reads(tab, 'You are signed out')
      assert.equal((await context.cookies(demo.origin)).find(({ name }) => name === 'JSESSIONID')?.value, left?.value)
      await tab.getByRole('link', { name: 'Sign in again' }).click()
      await choose(tab, uwe)
      await reads(tab, `Welcome, ${uwe.name}`)
      assert.equal(await visits(), 1)
      await tab.reload()
      assert.equal(await visits(), 2)
    }))

  test('gives its public files and its health to anybody, and nothing else', () =>
    browser.visit(async ({ context, tab }) => {
      for (const [path, text] of [
        ['/health', /^OK$/],
        ['/assets/style.css', /Verdana/],
      ] as const) {
        const answer = await context.request.get(at(path))
        assert.equal(answer.status(), 200)
        assert.match(await answer.text(), text)
      }
      assert.deepEqual(await context.cookies(), [])
      await tab.goto(at('/healthy'))
      await arriveAtPicker(tab)
    }))
})

describe('logging out', () => {
  test('ends here and at the provider; the next sign-in asks who', () =>
    browser.visit(async ({ tab }) => {
      await signIn(tab, at('/payslips'), ada)
      await logOut(tab, demo.origin)
      await tab.getByRole('link', { name: 'Sign in again' }).click()
      await choose(tab, uwe)
      await arriveAt(tab, at('/'))
      await reads(tab, `Welcome, ${uwe.name}`)
    }))

  test('leads to the choice of an account, also where the provider still knows somebody', () =>
    browser.visit(async ({ context, tab }) => {
      await signIn(tab, at('/payslips'), ada)
      // Here the session is over, and there it is not.
      await context.clearCookies({ name: sessionCookie })
      await tab.goto(at('/.auth/signed-out'))
      await tab.getByRole('link', { name: 'Sign in again' }).click()
      await choose(tab, uwe)
      await reads(tab, `Welcome, ${uwe.name}`)
    }))

  test('tells nobody who is signed in that it is over, but offers it', () =>
    browser.visit(async ({ tab }) => {
      await signIn(tab, at('/payslips'), ada)
      await tab.goto(at('/.auth/signed-out'))
      await reads(tab, 'Do you want to sign out?')
      await tab.getByText(`You are signed in as ${ada.name}`).waitFor()
      await tab.getByRole('button', { name: 'Sign out' }).click()
      await reads(tab, 'You are signed out')
    }))

  test('asks first where the address was typed in', () =>
    browser.visit(async ({ tab }) => {
      await signIn(tab, at('/payslips'), ada)
      await tab.goto(at('/.auth/logout'))
      await reads(tab, 'Do you want to sign out?')
      await tab.getByRole('link', { name: 'Stay signed in' }).click()
      await reads(tab, `Welcome, ${ada.name}`)
      await tab.goto(at('/.auth/logout'))
      await tab.getByRole('button', { name: 'Sign out' }).click()
      await reads(tab, 'You are signed out')
    }))
})

test('the log of all this names people by their ids, and holds neither names nor cookies nor codes', () => {
  const events = demo
    .log()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const signedIn = events.find((event) => JSON.stringify(event).includes('signed_in'))
  assert.match(String(signedIn?.objectId), /^[0-9a-f-]{36}$/)
  assert.doesNotMatch(demo.log(), /[?&](code|state)=|s%3A|__Host-(sid|login)=|@(contoso|fabrikam)|Lovelace/)
})
