/** A steady load of requests over kept connections, and an account of how each one ended. */
import { Agent, request } from 'node:http'

export interface Account {
  readonly sent: number
  readonly answered: number
  /** What did not end as it should, most frequent first: a status, or the code of an error. */
  readonly lost: readonly string[]
}

export interface Load {
  /** How many have been answered so far. */
  answered(): number
  /** Sends no further requests, and waits for those on their way. */
  stop(): Promise<Account>
}

export interface LoadOptions {
  readonly port: number
  readonly host: string
  readonly cookie: string
  /** Each sends its next request when the last one is answered. */
  readonly callers: number
  /** Method, path and body of the n-th request. */
  readonly next: (n: number) => { readonly method: string; readonly path: string; readonly body?: string }
  /** Whether an answer is as it should be. */
  readonly isRight: (status: number, body: string) => boolean
}

export function startLoad(options: LoadOptions): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: options.callers })
  const lost = new Map<string, number>()
  const count = { sent: 0, answered: 0 }
  let over = false

  async function call(): Promise<void> {
    while (!over) {
      const n = count.sent++
      const ended = await send(options, agent, n)
      if (ended === 'right') count.answered += 1
      else lost.set(ended, (lost.get(ended) ?? 0) + 1)
    }
  }

  const callers = Array.from({ length: options.callers }, call)
  return {
    answered: () => count.answered,
    async stop() {
      over = true
      await Promise.all(callers)
      agent.destroy()
      const sorted = [...lost].sort(([, a], [, b]) => b - a)
      return { ...count, lost: sorted.map(([what, times]) => `${times} × ${what}`) }
    },
  }
}

function send({ port, host, cookie, next, isRight }: LoadOptions, agent: Agent, n: number): Promise<string> {
  const { method, path, body } = next(n)
  const headers = { host, cookie, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) }
  return new Promise((resolve) => {
    const sent = request({ port, host: '127.0.0.1', method, path, headers, agent }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      answer.on('error', (error: NodeJS.ErrnoException) => resolve(`answer ${error.code}`))
      answer.on('end', () => {
        const { statusCode = 0 } = answer
        resolve(
          answer.complete && isRight(statusCode, text)
            ? 'right'
            : `${method} status ${statusCode} ${text.slice(0, 60)}`,
        )
      })
    })
    // A kept connection that is closed just as it is used shows here, as it would to any other caller that does not repeat.
    sent.on('error', (error: NodeJS.ErrnoException) =>
      resolve(`${method} ${error.code} ${sent.reusedSocket ? 'reused' : 'new'}`),
    )
    sent.end(body)
  })
}
