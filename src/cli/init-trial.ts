/** Reads what `sallyport init` is about to write as the gateway would, before it stands anywhere. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '../config/issues.ts'
import { createLoader, type Written } from '../config/loader.ts'
import { registrations } from '../config/registrations.ts'
import type { Starter } from '../config/starter.ts'
import { type Entry, whatToRegister } from './what-to-register.ts'

interface Draft {
  readonly starter: Starter
  readonly text: string
  /** Where it will stand. */
  readonly file: string
  readonly tenantFile: boolean
}

/**
 * @returns what to register for it; nothing where the provider is one that only the operator's file knows.
 * @throws ConfigError with the issues that no single answer could show, at their places in the file to be.
 */
export function entriesOf({ starter, text, file, tenantFile }: Draft): readonly Entry[] {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-init-'))
  const main = join(folder, 'sallyport.yaml')
  try {
    if (tenantFile) mkdirSync(join(folder, 'tenants'))
    if (tenantFile) writeFileSync(join(folder, 'tenants', `${starter.name}.yaml`), text)
    writeFileSync(main, tenantFile ? around(starter) : text)
    const written = readWritten(main)
    return typeof starter.provider === 'string' ? [] : registrations(written).map(whatToRegister)
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError(error.issues.map((issue) => ({ ...issue, file }))) : error
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function readWritten(main: string): Written {
  const { issues, written } = createLoader(main, { env: process.env, withoutSecrets: true }).load()
  if (issues.length > 0) throw new ConfigError(issues)
  return written
}

/** An operator's file that has nothing but what the tenant's refers to. */
function around({ provider }: Starter): string {
  const shared = { name: provider, enabled: false, tenantId: '00000000-0000-4000-8000-000000000000' }
  return JSON.stringify({
    ...{ version: 1, session: { secrets: ['${env:SESSION}'] } },
    providers: typeof provider === 'string' ? [shared] : [],
    tenantFiles: { path: 'tenants/*.yaml', secrets: 'secrets' },
  })
}
