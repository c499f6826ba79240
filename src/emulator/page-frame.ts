/** The frame around the pages of the pretend directories: it works without JavaScript, and says on top that this is not Microsoft. */
import { Html, html } from './html.ts'
import { pageStyle } from './page-style.ts'
import { contoso } from './tenancies.ts'

/** @param layout wide for tables */
export function page(title: string, content: Html, layout: 'narrow' | 'wide' = 'narrow'): Html {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>${title} · ${contoso.name}</title>
<style>${new Html(pageStyle)}</style>
</head>
<body>
<p class="banner" role="note">This is not Microsoft: a pretend directory for trying things out</p>
<main class="${layout}">
<p class="directory">${contoso.name}</p>
${content}
</main>
</body>
</html>
`
}
