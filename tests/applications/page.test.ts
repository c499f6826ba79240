import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { fenced } from '../markdown.ts'
import { page, section } from './page.ts'

/** What stands around a tenant of the page. */
const around = `version: 1
session: { secrets: ['\${file:/run/secrets/session}'] }
providers:
  - name: entra
    tenantId: 11111111-2222-3333-4444-555555555555
    clientId: 66666666-7777-8888-9999-000000000000
    credential: { secret: '\${file:/run/secrets/entra}' }
`

describe('the page of applications', () => {
  const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading)

  test('begins with a list of all its sections', () => {
    const listed = [...page.matchAll(/^- \[(.+)\]\(#/gm)].map(([, heading]) => heading)
    expect(listed).toEqual(headings)
  })

  for (const heading of headings.filter((each) => fenced(section(each), 'yaml').length > 0)) {
    test(`has a tenant for ${heading} that is right, and admits nobody unseen`, () => {
      const folder = mkdtempSync(join(tmpdir(), 'sallyport-applications-'))
      const file = join(folder, 'sallyport.yaml')
      writeFileSync(file, around + fenced(section(heading), 'yaml').join('\n'))
      try {
        const { tenants } = loadConfig(file, { env: {}, withoutSecrets: true })
        expect(tenants).toHaveLength(1)
        const levels = tenants[0]?.routes.map((route) => route.access.level) ?? []
        expect(levels.filter((level) => level !== 'signed-in' && level !== 'roles')).toEqual([])
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  }
})
