/** All faults there are, in the order of the table. */
import type { Fault } from './fault.ts'
import { gatewayFaults } from './gateway-faults.ts'
import { providerFaults } from './provider-faults.ts'
import { redisFaults } from './redis-faults.ts'
import { upstreamFaults } from './upstream-faults.ts'

export const allFaults: readonly Fault[] = [...redisFaults, ...providerFaults, ...upstreamFaults, ...gatewayFaults]
