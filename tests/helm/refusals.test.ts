/** What the chart does not install, and what it says: whoever reads it has to know what to do. */
import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { configured, example, helmMissing, render, type Values } from './helm.ts'

const single = example('one-gateway')
const double = example('redis-and-ingress')
const files = example('tenant-files')

const server = (keys: Values) => configured(single, { server: { management: '0.0.0.0:9090', ...keys } })

/** On a volume at `/data`. */
const kept = (path: string): Values => ({
  ...configured(single, file(path)),
  extraVolumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
  extraVolumeMounts: [{ name: 'data', mountPath: '/data' }],
})

const refused: readonly (readonly [string, readonly Values[], RegExp])[] = [
  [
    'nothing at all',
    [],
    /image\.repository: say where[\s\S]*config: the gateway needs a configuration[\s\S]*version: 1/,
  ],
  ['no image', [{ ...single, image: {} }], /image\.repository/],
  ['no configuration', [{ ...single, config: '' }], /management: 0\.0\.0\.0:9090[\s\S]*set replicaCount: 1/],
  ['two configurations', [single, { existingConfigMap: 'x' }], /config, existingConfigMap: give one of the two/],
  ['a configuration that is no YAML', [{ ...single, config: 'a: [' }], /config: this is no mapping in YAML/],
  ['a configuration that is a list', [{ ...single, config: '- a' }], /config: this is no mapping in YAML/],
  ['a configuration that is not text', [{ ...single, config: { version: 1 } }], /'?\/?config'?.*want string/],
  ['a key that is not known', [single, { replicas: 2 }], /'replicas' not allowed/],
  ['a key that is not known, further down', [single, { image: { name: 'x' } }], /'name' not allowed/],
  ['a label by which pods are found', [single, { podLabels: { 'app.kubernetes.io/name': 'x' } }], /podLabels/],
  ['sessions in memory in two', [single, { replicaCount: 2 }], /session\.store:.*\(memory\).*up to 2.*type: redis/],
  ['sessions in memory, said', [configured({ ...single, replicaCount: 3 }, memory())], /session\.store:.*up to 3/],
  ['sessions in a file in two', [kept('/data/sessions.db'), { replicaCount: 2 }], /session\.store:.*\(file\).*up to 2/],
  ['sessions in a file on no volume', [configured(single, file('/tmp/sessions.db'))], /store\.path: \/tmp.* no volume/],
  ['sessions in a file beside the volume', [kept('/database/sessions.db')], /store\.path: .*no volume/],
  ['sessions in memory with autoscaling', [single, { autoscaling: { enabled: true } }], /session\.store:.*up to 6/],
  ['a drain of 25s by default', [single, { drainSeconds: 24 }], /drainSeconds: 24.*25s, its default.*at least 25/],
  ['a drain that is longer', [server({ drain: '1m30s' })], /drainSeconds: 25.*`server\.drain` is 1m30s.*at least 90/],
  ['a drain with a leading zero', [server({ drain: '030s' })], /at least 30/],
  [
    'no management address',
    [configured(single, { server: {} })],
    /server\.management: with 127\.0\.0\.1:9090, nothing/,
  ],
  ['a management address of its own', [server({ management: 'localhost:9090' })], /nothing outside of the container/],
  ['another management port', [server({ management: '0.0.0.0:9091' })], /server\.management:.*expects port 9090/],
  [
    'another port',
    [server({ listen: '0.0.0.0:80' })],
    /server\.listen: with 0\.0\.0\.0:80, the chart expects port 8080/,
  ],
  ['TLS that the Service does not know of', [server({ tls: { cert: 'a', key: 'b' } })], /service\.appProtocol.*https/],
  [
    'tenant files that nobody reads',
    [single, { tenantFiles: { files: { x: 'y' } } }],
    /tenantFiles\.files: the config/,
  ],
  ['tenant files without a place', [files, { tenantFiles: { shards: 0 } }], /without shards there is no place/],
  [
    'shards that nobody reads',
    [files, { tenantFiles: { shards: 6 } }],
    /would not read tenants\/4\/\*\.yaml, tenants\/5/,
  ],
  ['a tenant file of an odd name', [files, { tenantFiles: { files: { 'A/b': 'x' } } }], /tenantFiles/],
  [
    'a heap of nothing known',
    [single, { resources: { limits: { memory: '1e9' } } }],
    /resources\.limits\.memory: write 1e9/,
  ],
  [
    'a roll for what cannot be seen',
    [example('gateway-api'), { rollOnConfigChange: true }],
    /rollOnConfigChange: the chart/,
  ],
  ['an autoscaler upside down', [double, { autoscaling: { enabled: true, minReplicas: 9 } }], /more than maxReplicas/],
  ['an Ingress without hosts', [double, { ingress: { hosts: [] } }], /ingress\.hosts: name the hosts/],
  ['another Host header', [double, vhost()], /upstream-vhost replaces the Host header/],
  ['a route without a Gateway', [double, { httpRoute: { enabled: true } }], /httpRoute\.parentRefs: name the Gateway/],
  ['a policy that names nobody', [double, { networkPolicy: { enabled: true } }], /networkPolicy\.from: say who/],
  [
    'a monitor of nothing',
    [double, { metrics: { serviceMonitor: { enabled: true } } }],
    /needs metrics\.service\.enabled/,
  ],
]

function file(path: string): Values {
  return { session: { secrets: ['${file:/run/secrets/sallyport/session}'], store: { type: 'file', path } } }
}

function memory(): Values {
  return { session: { secrets: ['${file:/run/secrets/sallyport/session}'], store: { type: 'memory' } } }
}

function vhost(): Values {
  return { ingress: { annotations: { 'nginx.ingress.kubernetes.io/upstream-vhost': 'x' } } }
}

describe.skipIf(helmMissing())('the chart', () => {
  for (const [what, values, message] of refused) {
    test(`refuses ${what}`, () => {
      const { ok, error } = render(...values)
      assert(!ok, 'it was rendered')
      assert.match(error, message)
    })
  }

  test('ends the old pod first where both would want one file of sessions', () => {
    const { ok, out, error } = render(kept('/data/sessions.db'))
    assert(ok, error)
    assert.match(out, /strategy: \{ type: Recreate \}/)
    assert(!out.includes('RollingUpdate'))
  })

  test('says all that is wrong at once', () => {
    const { error } = render(single, { replicaCount: 2, drainSeconds: 1, ingress: { enabled: true } })
    for (const key of ['session.store', 'drainSeconds', 'ingress.hosts']) assert(error.includes(key), error)
  })

  for (const [what, values] of [
    ['a drain that is shorter', [server({ drain: '5s' })]],
    ['a drain from the environment', [server({ drain: '${env:DRAIN}' })]],
    ['addresses from the environment', [server({ management: '${env:MANAGEMENT}', listen: '[::]:8080' })]],
    ['a store from the environment', [configured(double, { session: { store: { type: '${env:STORE}' } } })]],
    ['sections that are of no use, which the gateway refuses', [configured(single, { session: [], tenants: 5 })]],
    ['no gateway at all', [double, { replicaCount: 0 }]],
    ['fewer shards than the gateway reads', [files, { tenantFiles: { shards: 2 } }]],
  ] as const) {
    test(`leaves ${what} to the gateway`, () => {
      const { ok, error } = render(...values)
      assert(ok, error)
    })
  }
})
