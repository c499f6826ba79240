/** Bodies of a provider that means harm: one that never ends, and one that comes a byte at a time. */
import { Readable } from 'node:stream'

export interface HostileBody {
  readonly body: Readable
  /** How much was taken so far. */
  taken(): number
}

/** As fast as it is read, for ever. */
export function endless(): HostileBody {
  let taken = 0
  const chunk = Buffer.alloc(65_536, 'x')
  const body = new Readable({
    read() {
      taken += chunk.length
      this.push(chunk)
    },
  })
  return { body: quiet(body), taken: () => taken }
}

/** A byte every 50 milliseconds, for ever: no pause is ever long. */
export function drip(): HostileBody {
  let taken = 0
  const body = new Readable({ read() {} })
  const timer = setInterval(() => {
    taken += 1
    body.push('x')
  }, 50)
  body.on('close', () => clearInterval(timer))
  return { body: quiet(body), taken: () => taken }
}

/** That nobody reads on is what is meant to happen. */
function quiet(body: Readable): Readable {
  return body.on('error', () => {})
}
