/** How many commands Redis had to do for a contestant's requests, as Redis itself counts them. */
import type { Contestant, Letter } from './contestants.ts'

export interface CountsRedisCommands {
  /** To be called before a measurement with null, and after it with its requests. */
  around(contestant: Contestant, requests: number | null): Promise<void>
  perRequest(): number
}

export function countRedisCommands(
  client: { info(section: string): Promise<string> },
  letter: Letter,
): CountsRedisCommands {
  let before = 0
  let commands = 0
  let served = 0
  return {
    async around(contestant, requests) {
      if (contestant.letter !== letter) return
      const done = countCalls(await client.info('commandstats'))
      if (requests === null) {
        before = done
        return
      }
      commands += done - before
      served += requests
    },
    perRequest: () => commands / served,
  }
}

/** All calls but our own question. */
function countCalls(stats: string): number {
  const lines = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)]
  return lines.reduce((sum, [, name, calls]) => (name === 'info' ? sum : sum + Number(calls)), 0)
}
