/** Other ways to start a gateway: with its log on a full disk, with a log that nobody reads any more, with a clock that can be moved. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Command, commandOf } from '../cli/command.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Every line of its log is refused, as on a disk without room. */
export function withFullDisk(args: readonly string[]): Command {
  const child = spawn('/bin/sh', ['-c', 'exec "$0" "$@" > /dev/full', process.execPath, main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return commandOf(child, args)
}

/** @param file holds by how many seconds the clock is moved. */
export function withMovedClock(file: string): (args: readonly string[]) => Command {
  const preload = fileURLToPath(new URL('moved-clock.ts', import.meta.url))
  return (args) => {
    const { PATH = '', HOME = '' } = process.env
    const child = spawn(process.execPath, ['--import', preload, main, ...args], {
      ...{ stdio: ['ignore', 'pipe', 'pipe'], env: { PATH, HOME, MOVED_CLOCK: file } },
    })
    return commandOf(child, args)
  }
}
