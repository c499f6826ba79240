/** What `helm test` runs in a pod, run here against a gateway, and against what is none. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, test } from 'vitest'
import { startStage } from '../stage.ts'
import { at, helmMissing, manifests, only } from './helm.ts'

const command = () => {
  const [program, option, script] = [at(only(manifests('one-gateway'), 'Pod'), 'spec.containers.0.command')].flat()
  assert.deepEqual([program, option], ['node', '-e'])
  return String(script)
}

describe.skipIf(helmMissing())('helm test', () => {
  test('passes where a gateway answers, and fails where something else does or nothing', async () => {
    const stage = await startStage()
    const ask = (origin: string) =>
      promisify(execFile)(process.execPath, ['-e', command().replace('http://sallyport:8080', origin)])
    try {
      const { stdout } = await ask(`http://127.0.0.1:${stage.running.port}`)
      assert.equal(stdout, 'The gateway answers.\n')
      await assert.rejects(ask(stage.upstream.origin), { code: 1, stdout: '421 was expected, and 200 came.\n' })
    } finally {
      await stage.close()
    }
    await assert.rejects(ask(`http://127.0.0.1:${stage.running.port}`), { code: 1 })
  })
})
