/** The application's pages: a greeting, pay slips, an administrators' page, a form and a chat. */
import type { Message } from './application-visits.ts'
import { type Html, html } from './html.ts'
import type { Told } from './told.ts'

export function homePage(told: Told, visits: number): Html {
  const rows = told.headers.map(({ name, value }) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)
  const nothing = html`<tr><td colspan="2">Nothing at all.</td></tr>`
  return page(
    { title: `Welcome, ${told.name ?? 'whoever you are'}`, path: '/', told },
    html`<p>This is the payroll system of Contoso. It was written long before anybody here signed in with Microsoft, and
believes what it is told about you.</p>
<p>Pages you have asked for in this session: <b id="visits">${visits}</b></p>
<div class="scroll"><table id="told"><caption>What I was told about you</caption><tbody>${rows.length > 0 ? rows : nothing}</tbody></table></div>`,
  )
}

export function payslipsPage(told: Told): Html {
  const slips = [
    ['October', '3,412.50', '1,023.75'],
    ['September', '3,412.50', '1,023.75'],
    ['August', '3,650.00', '1,118.20'],
  ]
  return page(
    { title: 'Pay slips', path: '/payslips', told },
    html`<div class="scroll"><table><caption>${told.name ?? 'Unknown employee'}: the last three months</caption>
<thead><tr><th scope="col">Month</th><th scope="col" class="money">Gross</th><th scope="col" class="money">Deductions</th></tr></thead>
<tbody>${slips.map(([month = '', gross = '', deductions = '']) => html`<tr><td>${month}</td><td class="money">${gross}</td><td class="money">${deductions}</td></tr>`)}</tbody></table></div>`,
  )
}

/** It does not check anything: who may come here is decided in front of it. */
export function adminPage(told: Told): Html {
  return page(
    { title: 'Administration', path: '/admin', told },
    html`<p>Only administrators should be able to read this page.</p>
<p>Your roles, as I was told: <b id="roles">${told.roles.join(', ') || 'none'}</b></p>
<div class="scroll"><table><caption>Pay runs</caption><thead><tr><th scope="col">Run</th><th scope="col">State</th><th scope="col">Employees</th></tr></thead>
<tbody><tr><td>October</td><td>Closed</td><td>214</td></tr><tr><td>November</td><td>Open</td><td>216</td></tr></tbody></table></div>`,
  )
}

export function formPage(told: Told, sent: Message | null): Html {
  const receipt =
    sent === null
      ? null
      : html`<div class="done" role="status"><b>Your message has been sent.</b><br>Subject: <span id="sent-subject">${sent.subject}</span><br>
Message: <span id="sent-message">${sent.message}</span></div>`
  return page(
    { title: 'Message to the payroll office', path: '/form', told },
    html`${receipt}
<form method="post" action="/form" accept-charset="utf-8">
<label for="subject">Subject</label><input id="subject" name="subject" required maxlength="200">
<label for="message">Message</label><textarea id="message" name="message" rows="5" required maxlength="4000"></textarea>
<br><button type="submit">Send</button></form>`,
  )
}

export function chatPage(told: Told): Html {
  return page(
    { title: 'Chat', path: '/chat', told },
    html`<ul id="log" role="log" aria-label="Conversation" tabindex="0"></ul>
<form id="say"><label for="text">Say something</label><input id="text" autocomplete="off" maxlength="500"> <button type="submit">Say</button></form>
<script src="/assets/chat.js" defer></script>`,
  )
}

export function notFoundPage(told: Told): Html {
  return page({ title: 'Page not found', path: '', told }, html`<p>There is no such page in this system.</p>`)
}

const menu = [
  ['/', 'Home'],
  ['/payslips', 'Pay slips'],
  ['/form', 'Message'],
  ['/chat', 'Chat'],
  ['/admin', 'Administration'],
  ['/logout', 'Log out'],
] as const

interface Frame {
  readonly title: string
  /** Which entry of the menu the page is. */
  readonly path: string
  readonly told: Told
}

function page({ title, path, told }: Frame, content: Html): Html {
  const entries = menu.map(([to, label]) =>
    to === path
      ? html`<li><a href="${to}" aria-current="page">${label}</a></li>`
      : html`<li><a href="${to}">${label}</a></li>`,
  )
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} - Payroll</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/style.css">
</head>
<body>
<div id="frame">
<header id="head"><b>Payroll</b><small>Contoso intranet</small></header>
<nav aria-label="Main menu"><ul id="menu">${entries}</ul></nav>
<main id="main"><h1>${title}</h1>
${content}
</main>
<footer id="foot">Payroll 3.2. Best viewed at 1024 x 768. You are ${told.name ?? 'not known to me'}.</footer>
</div>
</body>
</html>
`
}
