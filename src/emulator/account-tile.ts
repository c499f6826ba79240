/** One account as a button, in a list of them: who it is, and whether it is signed in or suggested. */
import type { Person } from './directory.ts'
import { Html, html } from './html.ts'

/** @param badge what stands beside the name; null for nothing */
export function tile(person: Person, badge: string | null, suggested: boolean): Html {
  return html`<li><button class="${suggested ? 'tile suggested' : 'tile'}" name="account" value="${person.id}"${suggested ? new Html(' autofocus') : null}>
<span class="face" aria-hidden="true">${initials(person.name)}</span>
<strong>${person.name}${badge === null ? null : html`<small class="badge">${badge}</small>`}</strong>
<span>${person.username}</span><span>${person.description}</span></button></li>`
}

function initials(name: string): string {
  const [first = '', second = ''] = name.split(' ')
  return `${[...first].at(0) ?? ''}${[...second].at(0) ?? ''}`
}
