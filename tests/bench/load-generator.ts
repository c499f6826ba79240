/** A load generator for machines without wrk: so many connections, each with one request at a time, for so many seconds. */
import { Agent, request } from 'node:http'
import type { LoadResult } from './load.ts'

const [url = '', seconds = '1', connections = '1', headers = '{}'] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) })
const options = { agent, headers: JSON.parse(headers) as Record<string, string> }
const startedAt = performance.now()
const endsAt = startedAt + Number(seconds) * 1_000
const took: number[] = []
let failed = 0

function ask(): Promise<void> {
  const sentAt = performance.now()
  return new Promise((resolve) => {
    const sent = request(url, options, (answer) => {
      if (answer.statusCode !== 200) failed += 1
      answer.resume().on('end', () => {
        took.push(performance.now() - sentAt)
        resolve()
      })
    })
    sent.on('error', () => {
      failed += 1
      resolve()
    })
    sent.end()
  })
}

async function askOn(): Promise<void> {
  while (performance.now() < endsAt) await ask()
}

await Promise.all(Array.from({ length: Number(connections) }, askOn))
took.sort((one, other) => one - other)
const result: LoadResult = {
  requests: took.length,
  seconds: (performance.now() - startedAt) / 1_000,
  p99: took[Math.floor(took.length * 0.99)] ?? 0,
  failed,
}
process.stdout.write(JSON.stringify(result))
agent.destroy()
