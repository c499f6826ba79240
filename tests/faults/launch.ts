/** Other ways to start a gateway: with its log on a full disk, a clock that can be moved, or so that it tells what it holds. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Command, commandOf } from '../cli/command.ts'
import type { Holding } from './probe.ts'

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

/** It tells what it holds (`probe.ts`) over a channel to its parent. */
export function withProbe(args: readonly string[]): Command {
  const preload = fileURLToPath(new URL('probe.ts', import.meta.url))
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, ['--expose-gc', '--import', preload, main, ...args], {
    ...{ stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { PATH, HOME } },
  })
  return commandOf(child, args)
}

/** What a gateway holds that was started so. */
export async function holdingOf({ child }: Command): Promise<Holding> {
  child.send('what do you hold?')
  const [answer] = await once(child, 'message')
  return answer as Holding
}
