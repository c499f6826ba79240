import { describe, expect, test } from 'vitest'
import { personas } from '../../src/emulator/people.ts'
import { givesSession } from '../http/scene.ts'
import { createVisitor } from '../visitor.ts'
import { startCloudStage } from './cloud-scene.ts'

const contoso = '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30'

describe('createGraph', () => {
  for (const [cloud, login, graph] of [
    ['global', 'login.microsoftonline.com', 'graph.microsoft.com'],
    ['us-gov', 'login.microsoftonline.us', 'graph.microsoft.us'],
    ['us-gov-dod', 'login.microsoftonline.us', 'dod-graph.microsoft.us'],
    ['china', 'login.partner.microsoftonline.cn', 'microsoftgraph.chinacloudapi.cn'],
  ] as const) {
    test(`createGraph asks the Graph of the cloud ${cloud}, through the proxy, and no other host`, async () => {
      const started = await startCloudStage([login, graph], {
        people: personas,
        directory: `tenantId: ${contoso}\ncloud: ${cloud}`,
      })
      const visitor = createVisitor()
      try {
        const reply = await started.signIn(visitor, 'groups500@contoso.example')
        expect([reply.status, givesSession(reply)]).toEqual([302, true])
        const { body } = await visitor.ask(`${started.stage.origin}/reports`)
        expect(JSON.parse(body).headers).toMatchObject({ 'x-forwarded-roles': 'user' })
        expect(new Set(started.asked)).toEqual(new Set([`${login}:443`, `${graph}:443`]))
      } finally {
        visitor.close()
        await started.close()
      }
    })
  }
})
