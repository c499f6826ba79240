/** The load: wrk where it is installed, a generator of ours where not. The same requests for every contestant. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Contestant } from './contestants.ts'
import { type Crew, cpuSeconds } from './processes.ts'

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  /** Milliseconds. */
  readonly p99: number
  /** Answers that were not 200, and connections that broke. */
  readonly failed: number
}

export interface Load {
  readonly name: string
  run(contestant: Contestant, seconds: number): Promise<LoadResult & { readonly generatorSeconds: number }>
}

/** Open connections, each with one request at a time. */
const connections = 32

const wrk = '/usr/bin/wrk'

export function createLoad(crew: Crew): Load {
  const wrkIsHere = existsSync(wrk)
  return {
    name: wrkIsHere ? 'wrk, 1 thread' : 'a generator of our own, which may itself be the limit',
    async run(contestant, seconds) {
      const watch = createWatch()
      const url = `http://127.0.0.1:${contestant.port}${contestant.path}`
      const headers = headersFor(contestant)
      try {
        if (!wrkIsHere) {
          const file = fileURLToPath(new URL('load-generator.ts', import.meta.url))
          const given = [file, url, String(seconds), String(connections), JSON.stringify(headers)]
          const result = JSON.parse(await crew.run(process.execPath, given, watch.follow)) as LoadResult
          return { ...result, generatorSeconds: watch.seconds() }
        }
        const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
        const given = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...fields, url]
        return { ...readWrk(await crew.run(wrk, given, watch.follow)), generatorSeconds: watch.seconds() }
      } finally {
        watch.stop()
      }
    },
  }
}

/** What a browser sends with a request of a script. */
function headersFor({ port, cookie }: Contestant): Record<string, string> {
  return {
    Host: `localhost:${port}`,
    'User-Agent':
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    Accept: '*/*',
    'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
    'Accept-Encoding': 'gzip, deflate, br, zstd',
    Referer: `http://localhost:${port}/`,
    'Sec-Fetch-Mode': 'cors',
    'Sec-Fetch-Site': 'same-origin',
    'Sec-Fetch-Dest': 'empty',
    Cookie: cookie,
  }
}

function readWrk(output: string): LoadResult {
  const [, requests, seconds] = /(\d+) requests in ([\d.]+)s/.exec(output) ?? []
  const [, p99, unit = 'ms'] = /99%\s+([\d.]+)(us|ms|s)/.exec(output) ?? []
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0)
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)?.slice(1) ?? []
  if (requests === undefined) throw new Error(`wrk said what nobody understands: ${output}`)
  return {
    requests: Number(requests),
    seconds: Number(seconds),
    p99: Number(p99) * ({ us: 0.001, ms: 1, s: 1_000 }[unit] ?? 1),
    failed: broken.reduce((sum, each) => sum + Number(each), refused),
  }
}

/** CPU seconds of a process that ends by itself: asked again and again, because afterwards it is too late. */
function createWatch() {
  let pid: number | null = null
  let seconds = 0
  const timer = setInterval(() => {
    if (pid !== null) seconds = cpuSeconds(pid) ?? seconds
  }, 100)
  return {
    follow: (its: number) => {
      pid = its
    },
    seconds: () => seconds,
    stop: () => clearInterval(timer),
  }
}
