/** Output that cannot be written to, on real file descriptors. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createOutput } from '../../src/ops/output.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-output-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('createOutput', () => {
  test('goes on without a disk that is full, counts what is lost, and complains once', () => {
    const complaints = join(folder, 'complaints')
    const [full, aside] = [openSync('/dev/full', 'w'), openSync(complaints, 'w')]
    const output = createOutput(full, aside)
    for (let n = 0; n < 100; n += 1) output.write(`${n}\n`)
    expect(output.lost()).toBe(100)
    expect(readFileSync(complaints, 'utf8')).toBe('the log cannot be written (ENOSPC); the gateway goes on without\n')
    closeSync(full)
    closeSync(aside)
  })

  test('goes on without anybody who reads, and without standard error too', () => {
    const closed = openSync(join(folder, 'closed'), 'w')
    closeSync(closed)
    const output = createOutput(closed, closed)
    output.write('a line\n')
    expect(output.lost()).toBe(1)
  })

  test('says how many lines are missing once they can be written again, and every line that comes is whole', () => {
    const name = join(folder, 'pipe')
    execFileSync('mkfifo', [name])
    const pipe = openSync(name, constants.O_RDWR | constants.O_NONBLOCK)
    const aside = openSync(join(folder, 'aside'), 'w')
    const output = createOutput(pipe, aside)
    const line = `${JSON.stringify({ event: 'x'.repeat(9_990) })}\n`
    for (let n = 0; n < 10; n += 1) output.write(line)
    expect(output.lost()).toBeGreaterThan(2)
    let text = drained(pipe)
    output.write('{"event":"last"}\n')
    text += drained(pipe)
    const lines = text.trim().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ event: 'last' })
    expect(JSON.parse(lines.at(-2) ?? '')).toMatchObject({
      ...{ event: 'log_lines_lost', lines: output.lost(), cause: 'EAGAIN', level: 'error' },
    })
    closeSync(pipe)
    closeSync(aside)
  })
})

function drained(pipe: number): string {
  const buffer = Buffer.alloc(1_000_000)
  let length = 0
  try {
    for (;;) length += readSync(pipe, buffer, length, 100_000, null)
  } catch {
    return buffer.toString('utf8', 0, length)
  }
}
