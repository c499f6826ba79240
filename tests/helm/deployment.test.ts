/** The pods: how they end, what they are given, and what does not replace them. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { at, configured, example, helmMissing, type Manifest, manifests, only, root, type Values } from './helm.ts'

const single = example('one-gateway')
const files = example('tenant-files')
const deployment = (...sets: readonly (Values | string)[]) => only(manifests(...sets), 'Deployment')
const pod = (...sets: readonly (Values | string)[]) => at(deployment(...sets), 'spec.template.spec')
const container = (...sets: readonly (Values | string)[]) => at(pod(...sets), 'containers.0')
const drained = (drain: string) => configured(single, { server: { management: '0.0.0.0:9090', drain } })

describe.skipIf(helmMissing())('the pods', () => {
  test('are replaced without a moment in which fewer are ready', () => {
    assert.deepEqual(at(deployment(single), 'spec.strategy'), {
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
    })
  })

  for (const [preStopSeconds, drainSeconds, drain, grace] of [
    [5, 25, '25s', 35],
    [0, 0, '0s', 5],
    [20, 300, '4m59s', 325],
    [5, 3600, '1h', 3610],
  ] as const) {
    test(`have ${grace} seconds to end, of which ${preStopSeconds} before SIGTERM and ${drainSeconds} to drain`, () => {
      const spec = pod(drained(drain), { preStopSeconds, drainSeconds })
      assert.equal(at(spec, 'terminationGracePeriodSeconds'), grace)
      const command = preStopSeconds === 0 ? undefined : ['sleep', `${preStopSeconds}`]
      assert.deepEqual(at(spec, 'containers.0.lifecycle.preStop.exec.command'), command)
    })
  }

  test('count the wait that the gateway makes by itself after SIGTERM', () => {
    const [, ours] = /^const lameDuckSeconds = (\d+)$/m.exec(read('src/cli/serve-command.ts')) ?? []
    const [, theirs] = /\$ownWait := (\d+)/.exec(read('helm/templates/_amounts.tpl')) ?? []
    assert.notEqual(ours, undefined)
    assert.equal(theirs, ours)
  })

  test('are probed on the management port, for start and life without dependencies', () => {
    const gateway = container(single)
    for (const [probe, path] of [
      ['startupProbe', '/healthz'],
      ['livenessProbe', '/healthz'],
      ['readinessProbe', '/readyz'],
    ] as const) {
      assert.deepEqual(at(gateway, `${probe}.httpGet`), { path, port: 'management' })
    }
    assert.deepEqual(at(gateway, 'ports'), [
      { name: 'http', containerPort: 8080, protocol: 'TCP' },
      { name: 'management', containerPort: 9090, protocol: 'TCP' },
    ])
    assert.deepEqual(at(gateway, 'args'), ['serve', '--config', '/etc/sallyport/sallyport.yaml'])
    assert.equal(at(gateway, 'command'), undefined)
  })

  for (const [memory, heap] of [
    ['512Mi', 384],
    ['1Gi', 768],
    ['1.5Gi', 1152],
    ['1G', 715],
    ['500M', 357],
    ['0524288Ki', 384],
    [536870912, 384],
  ] as const) {
    test(`give Node a heap of ${heap} MiB of ${memory}`, () => {
      const env = [{ name: 'NODE_OPTIONS', value: `--max-old-space-size=${heap}` }]
      assert.deepEqual(at(container(single, { resources: { limits: { memory } } }), 'env'), env)
    })
  }

  test('leave the heap to Node without a limit, and to whoever sets NODE_OPTIONS', () => {
    assert.equal(at(container(single, { resources: { limits: null } }), 'env'), undefined)
    const extraEnv = [{ name: 'NODE_OPTIONS', value: '--max-old-space-size=100' }]
    assert.deepEqual(at(container(single, { extraEnv }), 'env'), extraEnv)
  })

  test('mount what changes as whole directories, and secrets for their group only', () => {
    const spec = pod('everything')
    const mounts = at(spec, 'containers.0.volumeMounts')
    const volumes = at(spec, 'volumes')
    assert(Array.isArray(mounts) && Array.isArray(volumes))
    assert(mounts.every((mount) => mount.subPath === undefined && (mount.readOnly === true || mount.name === 'tmp')))
    const secrets = volumes.flatMap(({ secret }) => secret ?? [])
    assert.equal(secrets.length, 3)
    assert(secrets.every((secret) => secret.defaultMode === 0o440))
    assert.equal(at(spec, 'securityContext.fsGroup'), 10001)
  })

  test('have their places for tenant files from the beginning', () => {
    const spec = pod(single)
    for (const shard of [0, 1, 2, 3]) {
      for (const [name, mountPath, source] of [
        [`tenants-${shard}`, `/etc/sallyport/tenants/${shard}`, 'configMap.name'],
        [`tenant-secrets-${shard}`, `/run/secrets/tenants/${shard}`, 'secret.secretName'],
      ] as const) {
        assert.deepEqual(named(at(spec, 'containers.0.volumeMounts'), name), { name, mountPath, readOnly: true })
        assert.equal(at(named(at(spec, 'volumes'), name), source), `sallyport-${name}`)
        assert.equal(at(named(at(spec, 'volumes'), name), source.replace(/\w+$/, 'optional')), true)
      }
    }
  })

  test('stay as they are when a tenant file is added, and no other file moves', () => {
    const names = Array.from({ length: 40 }, (_, number) => `tenant-${number}`)
    const of = (list: readonly string[]) => {
      const texts = Object.fromEntries(list.map((name) => [name, `# ${name}\n`]))
      return manifests({ ...files, tenantFiles: { files: texts } })
    }
    const [before, after] = [of(names.slice(0, 39)), of(names)]
    assert.deepEqual(only(after, 'Deployment'), only(before, 'Deployment'))
    const shards = (all: readonly Manifest[]) =>
      [0, 1, 2, 3].map((shard) => only(all, 'ConfigMap', `sallyport-tenants-${shard}`).data ?? {})
    const changed = shards(after).filter((data, shard) => {
      const old = shards(before)[shard] ?? {}
      return (
        Object.keys(old).some((key) => old[key] !== data[key]) || Object.keys(data).length !== Object.keys(old).length
      )
    })
    assert.deepEqual(
      changed.map((data) => data['tenant-39.yaml']),
      ['# tenant-39\n'],
    )
    assert.equal(shards(after).flatMap((data) => Object.keys(data)).length, 40)
    assert(
      shards(after).every((data) => Object.keys(data).length >= 5),
      'no shard is left out',
    )
  })

  test('are found by the Service, and the pod of helm test is not', () => {
    const all = manifests('everything')
    const labels = (manifest: Manifest, path: string) => Object.entries(at(manifest, path) ?? {})
    const selector = labels(only(all, 'Service', 'gate'), 'spec.selector')
    const covers = (held: readonly (readonly [string, unknown])[]) =>
      selector.every(([key, value]) => held.some(([name, held]) => name === key && held === value))
    assert(covers(labels(only(all, 'Deployment'), 'spec.template.metadata.labels')))
    assert(!covers(labels(only(all, 'Pod'), 'metadata.labels')))
    assert.deepEqual(labels(only(all, 'Deployment'), 'spec.selector.matchLabels'), selector)
    assert.deepEqual(labels(only(all, 'PodDisruptionBudget'), 'spec.selector.matchLabels'), selector)
    const metrics = labels(only(all, 'Service', 'gate-metrics'), 'metadata.labels')
    const wanted = labels(only(all, 'ServiceMonitor'), 'spec.selector.matchLabels')
    assert(wanted.every(([key, value]) => metrics.some(([name, held]) => name === key && held === value)))
    const front = labels(only(all, 'Service', 'gate'), 'metadata.labels')
    assert(!wanted.every(([key]) => front.some(([name]) => name === key)))
  })

  test('get a disruption budget only where there is more than one', () => {
    const budgets = (...sets: readonly (Values | string)[]) =>
      manifests(...sets).filter(({ kind }) => kind === 'PodDisruptionBudget').length
    assert.equal(budgets('one-gateway'), 0)
    assert.equal(budgets('redis-and-ingress'), 1)
    assert.equal(budgets('redis-and-ingress', { autoscaling: { enabled: true, minReplicas: 1 } }), 0)
  })
})

const named = (list: unknown, name: string): unknown => [list].flat().find((each) => at(each, 'name') === name)
const read = (path: string) => readFileSync(join(root, path), 'utf8')
