/** How long it takes to find whose a request is and which route covers it: the same question asked very often. */
import { loadConfig } from '../../src/config/load.ts'
import type { RequestFacts } from '../../src/core/request/facts.ts'
import { locate } from '../../src/core/request/locate.ts'
import { tell } from './own-process.ts'

const [file = '', host = ''] = process.argv.slice(2)
const gateway = loadConfig(file, { env: process.env })
const facts: RequestFacts = {
  ...{ method: 'GET', target: '/reports/2024?x=1', host, serverName: null, headers: {}, fieldCount: 1, repeated: [] },
  ...{ version: '1.1', kind: 'navigation', callerAddress: '192.0.2.1', forwardedFor: '192.0.2.1' },
}
const times = 1_000_000

function ask(): number {
  let found = 0
  for (let at = 0; at < times; at++) if (locate(gateway, facts).at === 'route') found += 1
  return found
}

// Once to make the code warm.
if (ask() !== times) throw new Error('the tenant was not found')
const startedAt = performance.now()
ask()
tell({ nanosecondsPerLookUp: ((performance.now() - startedAt) * 1e6) / times })
process.disconnect?.()
