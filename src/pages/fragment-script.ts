/**
 * The one script of our pages: it carries the fragment of an address, which a browser tells no server, to the sign-in.
 */

/** Stands in the page as it is, and is named by its hash in the policy. Nothing of a request is in it. */
export const fragmentScript = `
const signIn = document.querySelector('a.primary')
const here = location.pathname + location.search + location.hash
if (location.hash !== '') signIn.href = signIn.pathname + '?return_to=' + encodeURIComponent(here)
location.replace(signIn.href)
`
