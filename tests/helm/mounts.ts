/** The files of a pod as the kubelet lays them out, so that the gateway can be tried on them without a cluster. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { at, type Manifest, only } from './helm.ts'

type Files = Readonly<Record<string, string>>

/**
 * Mounts the ConfigMaps of a render, and Secrets, into a folder that goes afterwards. Where a text names /run/secrets, it
 * then names that place in the folder.
 * @param secrets by name. What is optional and not there is an empty folder, as in a pod.
 * @param use gets the path of the configuration.
 */
export function mounted<T>(
  all: readonly Manifest[],
  secrets: Readonly<Record<string, Files>>,
  use: (path: string) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pod-'))
  const pod = at(only(all, 'Deployment'), 'spec.template.spec')
  const volumes = [at(pod, 'volumes')].flat()
  try {
    for (const mount of [at(pod, 'containers.0.volumeMounts')].flat()) {
      const volume = volumes.find((each) => at(each, 'name') === at(mount, 'name'))
      const files = filesOf(volume, all, secrets)
      const moved = Object.entries(files).map(([key, text]) => [key, text.replaceAll('/run/', `${folder}/run/`)])
      project(join(folder, String(at(mount, 'mountPath'))), Object.fromEntries(moved))
    }
    return use(join(folder, 'etc/sallyport/sallyport.yaml'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function filesOf(volume: unknown, all: readonly Manifest[], secrets: Readonly<Record<string, Files>>): Files {
  if (at(volume, 'emptyDir') !== undefined) return {}
  const [map, secret] = [at(volume, 'configMap'), at(volume, 'secret')]
  const name = String(at(map, 'name') ?? at(secret, 'secretName'))
  const files = map === undefined ? secrets[name] : all.find(isConfigMap(name))?.data
  assert(files !== undefined || at(map ?? secret, 'optional') === true, `${name} is not there, and the pod would wait`)
  return files ?? {}
}

const isConfigMap = (name: string) => (each: Manifest) => each.kind === 'ConfigMap' && each.metadata.name === name

/** Each key is a link into `..data`, which is a link to the folder of the present version. */
function project(folder: string, files: Files): void {
  const version = '..2026_01_15_09_24_31.676'
  mkdirSync(join(folder, version), { recursive: true })
  symlinkSync(version, join(folder, '..data'))
  for (const [key, text] of Object.entries(files)) {
    writeFileSync(join(folder, version, key), text)
    symlinkSync(join('..data', key), join(folder, key))
  }
}
