import { expect, test } from 'vitest'
import { createLimitLog } from '../../src/http/limit-log.ts'
import { createLog } from '../../src/ops/log.ts'

test('refused writes a line at once, and then one a minute with how many there were, whoever they are', () => {
  const lines: Record<string, unknown>[] = []
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(JSON.parse(line)) } })
  let now = 1_000
  const limitLog = createLimitLog(log, () => now)
  for (let n = 0; n < 10_000; n++) limitLog.refused('signIns.perCaller', { callerAddress: `10.0.${n >> 8}.${n & 255}` })
  expect(lines).toEqual([
    expect.objectContaining({ event: 'too_many_requests', limit: 'signIns.perCaller', refused: 1 }),
  ])
  limitLog.refused('failures', {})
  now += 60
  limitLog.refused('signIns.perCaller', { callerAddress: '10.9.9.9' })
  limitLog.refused('signIns.perCaller', { callerAddress: '10.9.9.8' })
  expect(lines.slice(1)).toEqual([
    expect.objectContaining({ limit: 'failures', refused: 1 }),
    expect.objectContaining({ limit: 'signIns.perCaller', refused: 10_000, callerAddress: '10.9.9.9' }),
  ])
})
