import { describe, expect, test } from 'vitest'
import type { Provider, Tenant } from '../../src/core/gateway.ts'
import { personalDirectory } from '../../src/core/identity/authority.ts'
import { createPictures } from '../../src/http/pictures.ts'
import { createLog } from '../../src/ops/log.ts'
import { contoso, session, tenant } from '../core/build.ts'
import { secretCredential } from '../credentials.ts'

const house: Provider = {
  ...{ kind: 'oidc', name: 'house', label: 'house', emailDomains: [], authContexts: {} },
  ...{ clientId: 'x', credential: secretCredential('x'), issuer: 'https://house.example', scopes: [] },
  ...{ groupsClaim: 'groups', appRolesClaim: 'roles' },
}
const common: Provider = { ...contoso, tenantId: 'common', allowedTenantIds: [personalDirectory] }
const log = createLog({ level: 'error', destination: { write: () => {} } })

describe('of', () => {
  for (const [what, at, of] of [
    [
      'a personal account',
      tenant({ photo: true, providers: [common] }),
      session({ authority: 'https://login.example/common', directoryId: personalDirectory }),
    ],
    [
      'another kind of provider',
      tenant({ photo: true, providers: [contoso, house] }),
      session({ provider: 'house', authority: 'https://house.example', directoryId: 'https://house.example' }),
    ],
  ] as const satisfies readonly (readonly [string, Tenant, object])[]) {
    test(`of asks nobody for the picture of somebody of ${what}`, async () => {
      let asked = 0
      const accessTokens = {
        valueFor() {
          asked += 1
          return 'token'
        },
      }
      const pictures = createPictures({ accessTokens, askPhotos: () => Promise.reject(asked++), clock: () => 0, log })
      expect((await pictures.of(at, of)).size).toBe(0)
      expect(asked).toBe(0)
    })
  }
})
