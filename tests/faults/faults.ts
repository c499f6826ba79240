/** `npm run test:faults`: each part that the gateway depends on fails under load, and a table says what became of the requests. */
import { parseArgs } from 'node:util'
import { allFaults } from './all-faults.ts'
import type { Fault } from './fault.ts'
import { printed, writeTable } from './fault-table.ts'
import { resources } from './resources.ts'
import { type Ran, runFault } from './run-fault.ts'
import { soak } from './soak.ts'

const help = `npm run test:faults -- [options]
  --only <names>   only these faults, with commas between them
  --list           print the names of all faults
  --seconds <n>    how long each fault lasts, in place of its own length
  --details        print how often each kind of request ended how
  --json           print the figures as JSON
  --write          put the table into SECURITY.md (all faults only)
  --soak           instead: people come and go for a while, and nothing may grow
  --minutes <n>    how long that takes (10)
  --resources      instead: 10,000 idle WebSockets, and 100,000 sessions in memory
`

const progress = (text: string) => process.stderr.write(`${text}\n`)

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      list: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      details: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      soak: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '10' },
      resources: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  return values
}

type Options = ReturnType<typeof readOptions>

function numberOf(name: string, text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text)
  throw new Error(`--${name} takes a number, and got ${JSON.stringify(text.slice(0, 40))}`)
}

function chosen({ only, write }: Options): readonly Fault[] {
  if (only === undefined) return allFaults
  if (write) throw new Error('--write needs all faults')
  return only.split(',').map((name) => {
    const fault = allFaults.find((each) => each.name === name)
    if (fault === undefined) throw new Error(`there is no fault ${name}; --list prints them`)
    return fault
  })
}

async function run(fault: Fault, options: Options): Promise<Ran> {
  const startedAt = performance.now()
  const ran = await runFault(fault, options.seconds === undefined ? undefined : numberOf('seconds', options.seconds))
  const [took, recovered] = [performance.now() - startedAt, ran.recovered].map((each) => (each / 1_000).toFixed(1))
  const { sent, lost, letIn, loggedOut } = ran
  const sums = `${sent} sent, ${lost} lost, ${letIn} let in, ${loggedOut} logged out`
  progress(`${fault.name}  ${took} s, well again after ${recovered} s: ${sums}`)
  for (const line of ran.forbidden) progress(`    FORBIDDEN ${line}`)
  if (options.details) for (const line of ran.details) progress(`    ${line}`)
  return ran
}

/** @returns whether all is as it must be. */
async function faults(options: Options): Promise<boolean> {
  const ran: Ran[] = []
  for (const fault of chosen(options)) ran.push(await run(fault, options))
  process.stdout.write(options.json ? `${JSON.stringify(ran, null, 2)}\n` : `${printed(ran)}\n`)
  if (options.write) writeTable(ran)
  return ran.every(({ forbidden }) => forbidden.length === 0)
}

const options = readOptions()
if (options.help) process.stdout.write(help)
else if (options.list) process.stdout.write(`${allFaults.map(({ name }) => name).join('\n')}\n`)
else {
  const work = options.soak
    ? () => soak({ minutes: numberOf('minutes', options.minutes), json: options.json, progress })
    : options.resources
      ? () => resources({ json: options.json, progress })
      : () => faults(options)
  process.exitCode = (await work()) ? 0 : 1
}
