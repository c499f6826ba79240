/** Configuration files for the tests of this room: written to a folder of their own, loaded, and their issues as lines. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written so
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'
import { stringify } from 'yaml'
import { ConfigError, type Issue } from '../../src/config/issues.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { LoadOptions } from '../../src/config/loader.ts'
import type { Gateway } from '../../src/core/gateway.ts'

export const signingSecret = 'a-signing-secret-of-more-than-32-bytes'
export const clientSecret = 'the~value.of-a_client-secret'
export const env = { SESSION: signingSecret, CLIENT: clientSecret }

type Json = Record<string, unknown>

/** A file with only what is required. */
export function minimal(): Json & { tenants: Json[]; providers: Json[]; session: Json } {
  return {
    version: 1,
    session: { secrets: ['${env:SESSION}'] },
    providers: [
      {
        name: 'contoso',
        tenantId: '11111111-2222-3333-4444-555555555555',
        clientId: '66666666-7777-8888-9999-000000000000',
        credential: { secret: '${env:CLIENT}' },
      },
    ],
    tenants: [tenant('payroll')],
  }
}

export function tenant(name: string, more: Json = {}): Json {
  return {
    name,
    publicUrl: `https://${name}.contoso.com`,
    providers: ['contoso'],
    upstream: { url: 'http://10.0.0.7:8080' },
    ...more,
  }
}

/** The minimal file whose only tenant says more. */
export function withTenant(more: Json): Json {
  return { ...minimal(), tenants: [tenant('payroll', more)] }
}

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Writes a file, and the folders that it is to stand in. */
export function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

/** A new folder with these files in it, gone when the tests of the file are. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-config-'))
  folders.push(folder)
  for (const [name, content] of Object.entries(files)) write(join(folder, name), content)
  return folder
}

/** Writes a file (text, bytes, or data as YAML) and loads it. */
export function load(content: string | Uint8Array | Json, options: Partial<LoadOptions> = {}): Gateway {
  const isRaw = typeof content === 'string' || content instanceof Uint8Array
  const folder = folderWith({ 'sallyport.yaml': isRaw ? content : stringify(content) })
  return loadConfig(join(folder, 'sallyport.yaml'), { env, ...options })
}

/** The issues of a file; none for a file that loads. Anything else that is thrown goes through. */
export function issuesOf(content: string | Uint8Array | Json, options: Partial<LoadOptions> = {}): readonly Issue[] {
  try {
    load(content, options)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.issues
    throw error
  }
}

/** `path: message` of each issue. */
export function linesOf(content: string | Uint8Array | Json, options: Partial<LoadOptions> = {}): readonly string[] {
  return issuesOf(content, options).map(({ path, message }) => `${path}: ${message}`)
}

/** `line:column path: message` of each issue. */
export function placesOf(content: string | Uint8Array): readonly string[] {
  return issuesOf(content).map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)
}
