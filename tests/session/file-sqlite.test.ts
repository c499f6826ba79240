/** Which warnings are not shown: one. */
import { expect, test } from 'vitest'
import { withoutSqliteWarning } from '../../src/session/file-sqlite.ts'
import { until } from '../redis.ts'

test('withoutSqliteWarning holds back that SQLite is experimental, and no other warning, and only while it works', async () => {
  const heard: string[] = []
  const listen = ({ message }: Error) => void heard.push(message)
  process.on('warning', listen)
  const experimental = 'SQLite is an experimental feature and might change at any time'
  expect(
    withoutSqliteWarning(() => {
      process.emitWarning(experimental, 'ExperimentalWarning')
      process.emitWarning('Something else is an experimental feature', 'ExperimentalWarning')
      process.emitWarning(new Error('Something is wrong'))
      return 'what the work gives'
    }),
  ).toBe('what the work gives')
  expect(() =>
    withoutSqliteWarning(() => {
      throw new Error('no SQLite')
    }),
  ).toThrow('no SQLite')
  process.emitWarning('SQLite is an experimental feature: afterwards', 'ExperimentalWarning')
  await until('all are heard', () => heard.length >= 3)
  process.off('warning', listen)
  expect(heard).toEqual([
    'Something else is an experimental feature',
    'Something is wrong',
    'SQLite is an experimental feature: afterwards',
  ])
})
