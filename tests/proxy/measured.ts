/** A gate in a process of its own whose memory can be watched. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'

/** @param port of the upstream. @returns where it listens, and its sizes in megabytes, a new one every 50 milliseconds. */
export async function startMeasured(port: number): Promise<{ readonly port: number; readonly sizes: number[] }> {
  const child = fork(new URL('./memory-gate.ts', import.meta.url), [String(port)], { execArgv: [] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const sizes: number[] = []
  const [first] = (await once(child, 'message')) as [{ port: number }]
  child.on('message', (message: { megabytes: number }) => sizes.push(message.megabytes))
  return { port: first.port, sizes }
}
