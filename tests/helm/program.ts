/** Where the `helm` is that the tests run, and what builds it where it is missing: Debian has none, and Go can. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** For `go install`. */
export const helmPackage = 'helm.sh/helm/v3/cmd/helm@v3.22.0'

export function goIsThere(): boolean {
  return spawnSync('go', ['version']).status === 0
}

/** The one on PATH, or the one that `go install` made; null if it is in neither place. */
export function findHelm(): string | null {
  const { status, stdout } = spawnSync('go', ['env', 'GOPATH'], { encoding: 'utf8' })
  const built = status === 0 ? [join(stdout.trim(), 'bin/helm')] : []
  return ['helm', ...built].find((path) => spawnSync(path, ['version', '--short']).status === 0) ?? null
}
