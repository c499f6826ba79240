/** `sallyport serve`: the gateway. */
import { Command, InvalidArgumentError } from 'commander'
import { loadConfig } from '../config/load.ts'
import { readAddress } from '../config/values.ts'
import type { Address, Gateway } from '../core/gateway.ts'
import { createLog } from '../ops/log.ts'
import { serve } from '../serve.ts'
import { reportIssues } from './report-issues.ts'

/** Long enough for a load balancer to see that readiness is off; Ctrl-C on a terminal waits for nobody. */
const lameDuckSeconds = 2

export function serveCommand(): Command {
  return new Command('serve')
    .description('run the gateway until SIGTERM or SIGINT; a second signal ends it at once')
    .option('-c, --config <file>', 'the configuration', 'config/sallyport.yaml')
    .option('--listen <host:port>', 'wins over `server.listen`', address)
    .option('--management <host:port>', 'wins over `server.management`', address)
    .action(async ({ config, ...overrides }: ServeOptions) => {
      await reportIssues({ json: false }, async () => {
        const written = loadConfig(config, { env: process.env })
        const gateway: Gateway = { ...written, server: { ...written.server, ...overrides } }
        const running = await serve(gateway, createLog({ level: gateway.server.log.level }))
        const signal = await firstSignal()
        await running.end({ lameDuckSeconds: signal === 'SIGINT' ? 0 : lameDuckSeconds })
      })
    })
}

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
