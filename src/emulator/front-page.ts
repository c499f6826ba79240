/** The page at the address of the pretend directories. */
import type { Directory } from './directory.ts'
import { type Html, html } from './html.ts'
import { page } from './page-frame.ts'
import { contoso, tenancies } from './tenancies.ts'

/** What the directory holds, for somebody who opens its address. */
export function frontPage(directory: Directory, origin: string): Html {
  const { application } = directory
  return page(
    'A pretend directory',
    html`<h1>A pretend directory</h1>
<p>It signs people in with the protocol of Microsoft Entra, and believes whatever they choose. Use it for trying things out only.</p>
<dl>${tenancies.map(({ id, name, domain }) => html`<dt>${name}</dt><dd>${id}<br>${domain}</dd>`)}
<dt>Application (client) ID</dt><dd>${application.clientId}</dd>
<dt>Metadata</dt><dd><a href="/${contoso.id}/v2.0/.well-known/openid-configuration">${origin}/${contoso.id}/v2.0/.well-known/openid-configuration</a></dd></dl>
<h2>People</h2>
<div class="table" tabindex="0" role="group" aria-label="People"><table><thead><tr><th>Name</th><th>Username</th><th>Groups</th><th>App roles</th></tr></thead>
<tbody>${directory.people().map(
      (
        person,
      ) => html`<tr><td>${person.name}<br><span class="quiet">${person.description}</span></td><td>${person.username}</td>
<td>${person.groups.length > 10 ? `${person.groups.length} groups` : person.groups.map((id) => html`<code>${id}</code><br>`)}</td>
<td>${person.appRoles.join(', ')}</td></tr>`,
    )}</tbody></table></div>`,
    'wide',
  )
}
