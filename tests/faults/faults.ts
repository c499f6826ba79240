/** `npm run test:faults`: each part that the gateway depends on fails under load, and a table says what became of the requests. */
import { parseArgs } from 'node:util'
import { printed } from './fault-table.ts'
import { gatewayFaults } from './gateway-faults.ts'
import { providerFaults } from './provider-faults.ts'
import { redisFaults } from './redis-faults.ts'
import { type Ran, runFault } from './run-fault.ts'
import { upstreamFaults } from './upstream-faults.ts'

const help = `npm run test:faults -- [options]
  --only <names>  only these faults, with commas between them
  --list          print the names of all faults
  --seconds <n>   how long each fault lasts, in place of its own length
  --json          print the figures as JSON
`

const all = [...redisFaults, ...providerFaults, ...upstreamFaults, ...gatewayFaults]
const progress = (text: string) => process.stderr.write(`${text}\n`)

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(help)
  process.exit(0)
}
if (values.list) {
  process.stdout.write(`${all.map(({ name }) => name).join('\n')}\n`)
  process.exit(0)
}
const names = values.only?.split(',')
const chosen = names === undefined ? all : all.filter(({ name }) => names.includes(name))
const ran: Ran[] = []
for (const fault of chosen) {
  const startedAt = performance.now()
  const result = await runFault(fault, values.seconds === undefined ? undefined : Number(values.seconds)).catch(
    (error: unknown) => {
      progress(`${fault.name}  ${error instanceof Error ? error.stack : String(error)}`)
      return null
    },
  )
  if (result === null) {
    process.exitCode = 1
    continue
  }
  ran.push(result)
  const took = ((performance.now() - startedAt) / 1_000).toFixed(1)
  progress(
    `${fault.name}  ${took} s  ${result.sent} sent, ${result.lost} lost, ${result.letIn} let in, ${result.loggedOut} logged out`,
  )
  for (const line of result.forbidden) progress(`    ${line}`)
  if (process.env.FAULT_DETAILS !== undefined) for (const line of result.details) progress(`      ${line}`)
}
process.stdout.write(values.json ? `${JSON.stringify(ran, null, 2)}\n` : `${printed(ran)}\n`)
if (ran.some(({ forbidden }) => forbidden.length > 0)) process.exitCode = 1
