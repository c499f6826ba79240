/** Whether the pods may run where the restricted Pod Security Standard is enforced. */
import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { at, example, examples, helmMissing, type Manifest, manifests, only } from './helm.ts'

describe.skipIf(helmMissing())('the pods', () => {
  for (const name of examples) {
    test(`keep to the restricted Pod Security Standard, with the example ${name}`, () => {
      const pods = manifests(name).flatMap((each) => podOf(each) ?? [])
      assert.equal(pods.length, 2, 'the gateway, and the test')
      for (const each of pods) assert.deepEqual(violations(each), [])
    })
  }

  test('are told from those that break the standard by the test above', () => {
    const loose = at(
      only(
        manifests(example('one-gateway'), {
          podSecurityContext: { runAsNonRoot: null, runAsUser: 0, seccompProfile: { type: 'Unconfined' } },
          securityContext: {
            allowPrivilegeEscalation: true,
            readOnlyRootFilesystem: false,
            capabilities: { drop: null },
          },
          extraVolumes: [{ name: 'host', hostPath: { path: '/' } }],
        }),
        'Deployment',
      ),
      'spec.template.spec',
    )
    assert.equal(violations(loose).length, 7)
  })
})

/** The pod that an object makes, if it makes one. */
function podOf(manifest: Manifest): unknown {
  if (manifest.kind === 'Pod') return manifest.spec
  return manifest.kind === 'Deployment' ? at(manifest, 'spec.template.spec') : undefined
}

const allowedVolumes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

/** What the restricted profile forbids (https://kubernetes.io/docs/concepts/security/pod-security-standards/), and two rules more. */
function violations(spec: unknown): readonly string[] {
  const found: string[] = []
  const rule = (holds: boolean, text: string) => void (holds || found.push(text))
  for (const key of ['hostNetwork', 'hostPID', 'hostIPC']) rule(at(spec, key) === undefined, key)
  rule(at(spec, 'securityContext.runAsNonRoot') === true, 'runAsNonRoot')
  rule(Number(at(spec, 'securityContext.runAsUser')) > 0, 'runAsUser')
  rule(at(spec, 'securityContext.seccompProfile.type') === 'RuntimeDefault', 'seccompProfile')
  rule(at(spec, 'automountServiceAccountToken') === false, 'automountServiceAccountToken')
  for (const volume of [at(spec, 'volumes') ?? []].flat()) {
    const kinds = Object.keys(volume ?? {}).filter((key) => key !== 'name')
    rule(
      kinds.every((kind) => allowedVolumes.includes(kind)),
      `volume ${kinds}`,
    )
  }
  for (const each of [at(spec, 'containers') ?? [], at(spec, 'initContainers') ?? []].flat()) {
    rule(at(each, 'securityContext.allowPrivilegeEscalation') === false, 'allowPrivilegeEscalation')
    rule(at(each, 'securityContext.readOnlyRootFilesystem') === true, 'readOnlyRootFilesystem')
    rule(at(each, 'securityContext.privileged') === undefined, 'privileged')
    rule(at(each, 'securityContext.capabilities.add') === undefined, 'capabilities.add')
    rule([at(each, 'securityContext.capabilities.drop')].flat().includes('ALL'), 'capabilities.drop')
    for (const key of ['runAsUser', 'runAsNonRoot', 'seccompProfile', 'seLinuxOptions', 'procMount']) {
      rule(at(each, `securityContext.${key}`) === undefined, `container ${key}`)
    }
    for (const port of [at(each, 'ports') ?? []].flat()) rule(at(port, 'hostPort') === undefined, 'hostPort')
  }
  return found
}
