/** What config/applications.md tells operators to write, taken from there: what the tests try is what people read. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { parse, stringify } from 'yaml'
import { fenced } from '../markdown.ts'

export const page = readFileSync(new URL('../../config/applications.md', import.meta.url), 'utf8')

/** The part of the page below a heading. */
export function section(heading: string): string {
  const found = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))
  assert(found !== undefined, `config/applications.md has no section ${heading}`)
  return found
}

/** The one block of a language below a heading, with the addresses and folders of the test in place of those of the page. */
export function recipe(heading: string, language: string, places: Readonly<Record<string, string>> = {}): string {
  const [block, ...others] = fenced(section(heading), language)
  assert(block !== undefined && others.length === 0, `${heading} needs one block of ${language}`)
  return Object.entries(places).reduce((text, [said, meant]) => {
    assert(text.includes(said), `the ${language} of ${heading} does not say ${said}`)
    return text.replaceAll(said, meant)
  }, block)
}

/** What the tenant of a section says of routes and headers, as a stage takes it. */
export function tenantOf(heading: string): { readonly routes?: string; readonly headers: string } {
  const { routes, headers } = parse(recipe(heading, 'yaml')).tenants[0]
  return { headers: stringify(headers), ...(routes === undefined ? {} : { routes: stringify(routes) }) }
}
