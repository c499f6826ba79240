/**
 * Loaded into a gateway's process before the gateway (`node --import`): moves what JavaScript takes for the time of day by
 * as many seconds as stand in the file that MOVED_CLOCK names. Timers go on as they do when an operator sets the clock.
 */
import { readFileSync, watchFile } from 'node:fs'

const file = process.env.MOVED_CLOCK
if (file === undefined) throw new Error('MOVED_CLOCK does not name a file')
const RealDate = Date
let offset = 0

function read(path: string): void {
  offset = Number(readFileSync(path, 'utf8')) * 1_000
}

class MovedDate extends RealDate {
  constructor(...args: readonly unknown[]) {
    super(...((args.length === 0 ? [RealDate.now() + offset] : args) as []))
  }

  static override now(): number {
    return RealDate.now() + offset
  }
}

read(file)
globalThis.Date = MovedDate as DateConstructor
watchFile(file, { interval: 50 }, () => read(file)).unref()
