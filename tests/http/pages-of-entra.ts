/** The pages that the pretend Entra shows after the choice of an account, used as a person would use them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/load.ts'
import { type Stage, stageYaml, type YamlParts } from '../stage.ts'
import type { Reply, Visitor } from '../visitor.ts'

/** Presses the button of a page's form that has this name and value, and goes on to where that leads. */
export async function press(visitor: Visitor, page: Reply, name: string, value: string): Promise<Reply> {
  const action = /<form[^>]*action="([^"]*)"/.exec(page.body)?.[1]
  if (action === undefined || !page.body.includes(`name="${name}" value="${value}"`))
    throw new Error(`no such button at ${page.url}: ${page.status} ${page.body.slice(-300)}`)
  const hidden = [...page.body.matchAll(/type="hidden" name="([^"]*)" value="([^"]*)"/g)]
  const form = new URLSearchParams(hidden.map(([, key = '', text = '']) => [key, unescaped(text)]))
  form.set(name, value)
  return await visitor.open(new URL(action, page.url).href, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  })
}

/** Approves the second factor. */
export function approve(visitor: Visitor, page: Reply): Promise<Reply> {
  return press(visitor, page, 'factor', 'shown')
}

function unescaped(text: string): string {
  return text.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}

/** Puts another configuration in force on a stage, as a reload would. */
export function reconfigure(stage: Stage, parts: Partial<YamlParts>): void {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-reconfigured-'))
  const file = join(folder, 'sallyport.yaml')
  const port = Number(new URL(stage.origin).port)
  writeFileSync(file, stageYaml({ port, authority: stage.emulator.origin, upstream: stage.upstream.origin, ...parts }))
  stage.running.replace(loadConfig(file, { env: {} }))
  rmSync(folder, { recursive: true })
}
