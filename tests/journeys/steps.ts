/** What a person does, step by step: chooses an account, reads a page, says something in the chat, logs out. */
import assert from 'node:assert/strict'
import type { BrowserContext, Cookie, Page } from 'playwright-core'

export interface Person {
  readonly name: string
  readonly username: string
}

/** The four people of the pretend directory. */
export const ada: Person = { name: 'Ada Lovelace', username: 'ada@contoso.example' }
export const uwe: Person = { name: 'Uwe Müller', username: 'uwe@contoso.example' }
export const nora: Person = { name: 'Nora Nobody', username: 'nora@contoso.example' }
export const zoe: Person = { name: 'Zoë Björk-Łukasiewicz 山田', username: 'zoë@fabrikam.example' }

export const sessionCookie = '__Host-sid'

/** Waits until the tab shows exactly this address, loaded. */
export async function arriveAt(tab: Page, address: string): Promise<void> {
  await tab.waitForURL((url) => url.href === address)
}

/** Waits for the provider's page with the people to choose from. */
export async function arriveAtPicker(tab: Page): Promise<void> {
  await tab.getByRole('heading', { name: 'Choose an account' }).waitFor()
}

export async function choose(tab: Page, person: Person): Promise<void> {
  await arriveAtPicker(tab)
  await tab.getByRole('button', { name: person.username }).click()
}

/** Opens an address that needs a session, chooses the person, and comes back to the address. */
export async function signIn(tab: Page, address: string, person: Person): Promise<void> {
  await tab.goto(address)
  await choose(tab, person)
  await arriveAt(tab, address)
}

/** Throws unless the tab shows a page of ours or of the application with this heading. */
export async function reads(tab: Page, heading: string): Promise<void> {
  await tab.getByRole('heading', { name: heading, level: 1, exact: true }).waitFor()
}

/** Sends a message through the application's form, and gives back what the application says it got. */
export async function sendMessage(
  tab: Page,
  origin: string,
  subject: string,
  message: string,
): Promise<readonly string[]> {
  await tab.goto(`${origin}/form`)
  await tab.getByLabel('Subject').fill(subject)
  await tab.getByLabel('Message').fill(message)
  await tab.getByRole('button', { name: 'Send' }).click()
  await tab.getByRole('status').waitFor()
  return [await tab.locator('#sent-subject').innerText(), await tab.locator('#sent-message').innerText()]
}

/** Opens the chat, and waits until the application has greeted the person over the WebSocket. */
export async function joinChat(tab: Page, origin: string, person: Person): Promise<void> {
  await tab.goto(`${origin}/chat`)
  await tab.getByText(`You are connected as ${person.name}.`).waitFor()
}

export async function sayInChat(tab: Page, person: Person, words: string): Promise<void> {
  await tab.getByLabel('Say something').fill(words)
  await tab.getByRole('button', { name: 'Say' }).click()
  await tab.getByText(`${person.name}: ${words}`).waitFor()
}

/** The application's own link; ends on our page, after the provider's. */
export async function logOut(tab: Page, origin: string): Promise<void> {
  await tab.goto(`${origin}/payslips`)
  await tab.getByRole('link', { name: 'Log out' }).click()
  await reads(tab, 'You are signed out')
  assert.match(new URL(tab.url()).pathname, /^\/\.auth\/signed-out$/)
}

/** The cookie of this name; throws when there are two. */
export async function cookieOf(context: BrowserContext, name: string): Promise<Cookie | null> {
  const found = (await context.cookies()).filter((cookie) => cookie.name === name)
  assert.ok(found.length <= 1, `${found.length} cookies of the name ${name}`)
  return found[0] ?? null
}
