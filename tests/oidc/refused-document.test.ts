import { expect, test } from 'vitest'
import { refusedDocument } from '../../src/oidc/refused-document.ts'
import { expectPage, visit } from '../http/scene.ts'
import { startStage } from '../stage.ts'
import { createVisitor } from '../visitor.ts'

test('refusedDocument names the address, the status and the code of Entra, for a directory that does not exist', async () => {
  const nowhere = '11111111-2222-3333-4444-555555555555'
  const stage = await startStage({ directory: `tenantId: ${nowhere}` })
  const visitor = createVisitor()
  try {
    expectPage(await visit(visitor, `${stage.origin}/x`), 503, 'provider_unreachable')
    const line = stage.log().find(({ event }) => event === 'provider_unreachable')
    const document = `${stage.emulator.origin}/${nowhere}/v2.0/.well-known/openid-configuration`
    expect(JSON.stringify(line)).toContain(`${document} answered 400 with AADSTS90002`)
  } finally {
    visitor.close()
    await stage.close()
  }
})

test('refusedDocument leaves every other error as it is', async () => {
  const error = new TypeError('fetch failed')
  expect(await refusedDocument(error, new URL('https://login.example.com/'))).toBe(error)
})
