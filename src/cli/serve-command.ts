/** `sallyport serve`: the gateway. */
import { setFlagsFromString } from 'node:v8'
import { Command, InvalidArgumentError } from 'commander'
import { createLoader } from '../config/loader.ts'
import { readAddress } from '../config/values.ts'
import type { Address, Gateway } from '../core/gateway.ts'
import { createLog } from '../ops/log.ts'
import { createServiceManager } from '../ops/service-manager.ts'
import { serve } from '../serve.ts'
import { startReloading } from './reloading.ts'
import { reportIssues } from './report-issues.ts'

/** Long enough for a load balancer to see that readiness is off; Ctrl-C on a terminal waits for nobody. */
const lameDuckSeconds = 2

/**
 * V8 watches in the first requests which objects live long, and makes the like of them among the old ones from then on.
 * Under load everything in flight lives on: then the arrays of listeners become old ones, each holds a finished request,
 * and a request costs a quarter more for as long as the process lives (628,000 instructions in place of 507,000 on
 * Node 26; `npm run bench`). Whether that happens is a matter of chance.
 */
const everythingBeginsYoung = '--no-allocation-site-pretenuring'

export function serveCommand(): Command {
  return new Command('serve')
    .description(
      'run the gateway until SIGTERM or SIGINT (a second one ends it at once); a changed configuration is taken while it runs, SIGHUP has it read at once',
    )
    .option('-c, --config <file>', 'the configuration', 'config/sallyport.yaml')
    .option('--listen <host:port>', 'wins over `server.listen`', address)
    .option('--management <host:port>', 'wins over `server.management`', address)
    .action(async ({ config, ...overrides }: ServeOptions) => {
      setFlagsFromString(everythingBeginsYoung)
      await reportIssues({ json: false }, async () => {
        const loader = createLoader(config, { env: process.env })
        const first = loader.load()
        const adjust = (gateway: Gateway): Gateway => ({ ...gateway, server: { ...gateway.server, ...overrides } })
        const log = createLog({ level: first.gateway.server.log.level })
        const manager = createServiceManager(process.env, log)
        // Sent too early, the signal would end the process.
        process.on('SIGHUP', ignored)
        const running = await serve(adjust(first.gateway), log)
        const reloading = startReloading({ loader, first, running, log, adjust })
        const ready = () => manager.ready(`serving ${reloading.inForce().tenants.length} tenants`)
        const reload = () => {
          manager.reloading()
          reloading.now()
          ready()
        }
        process.on('SIGHUP', reload)
        ready()
        const signal = await firstSignal()
        process.off('SIGHUP', reload)
        reloading.close()
        const lameDuck = signal === 'SIGINT' ? 0 : lameDuckSeconds
        manager.stopping(lameDuck + reloading.inForce().server.drainSeconds + 10)
        await running.end({ lameDuckSeconds: lameDuck })
        manager.close()
        process.off('SIGHUP', ignored)
      })
    })
}

function ignored(): void {}

interface ServeOptions {
  readonly config: string
  readonly listen?: Address
  readonly management?: Address
}

function address(text: string): Address {
  const read = readAddress(text)
  if ('problem' in read) throw new InvalidArgumentError(read.problem)
  return read.value
}

/** The second signal finds no listener of ours any more, and does what Node does by itself: it ends the process. */
export function firstSignal(): Promise<'SIGINT' | 'SIGTERM'> {
  return new Promise((resolve) => {
    const once = (signal: NodeJS.Signals) => {
      process.off('SIGINT', once)
      process.off('SIGTERM', once)
      resolve(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM')
    }
    process.on('SIGINT', once)
    process.on('SIGTERM', once)
  })
}
