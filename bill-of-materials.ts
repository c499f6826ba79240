/** What a release is made of, as CycloneDX 1.5: every package that is passed on, with its hash and licence. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

interface Component {
  readonly 'bom-ref': string
  readonly externalReferences?: readonly { readonly type: string }[]
}

interface Bill {
  readonly serialNumber?: string
  readonly metadata: { readonly timestamp?: string; readonly component: Component }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

/**
 * The bill of the project in the working directory, by npm from the lock file: it asks no network, and the same lock file
 * gives the same bytes.
 * @param packed `name@version` of what is passed on. npm is asked for all and told nothing of this: what it leaves out with
 * `--omit dev` is too much, namely whatever a tool needs as well.
 * @param node the version of the Node that is packed with it, or null.
 * @throws where npm has no bill to give, or none of a package.
 */
export function billOfMaterials(packed: readonly string[], node: string | null): string {
  const said = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
    encoding: 'utf8',
    maxBuffer: 64_000_000,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // A random number and the time of the build would make each build another; both are optional.
  const { serialNumber: _number, metadata, components, dependencies, ...rest } = JSON.parse(said) as Bill
  const { timestamp: _time, ...about } = metadata
  const { name } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string }
  const itself = metadata.component['bom-ref']
  const known = new Set([itself, ...packed])
  const billed = components.filter((each) => known.has(each['bom-ref'])).map(asPacked)
  const unbilled = packed.filter((each) => !billed.some((component) => component['bom-ref'] === each))
  if (unbilled.length > 0) throw new Error(`npm has no bill of ${unbilled.join(', ')}`)
  const bill = {
    ...rest,
    // npm calls it after its folder.
    metadata: { ...about, component: { ...metadata.component, name, type: 'application' } },
    components: node === null ? billed : [...billed, nodeComponent(node)],
    dependencies: dependencies
      .filter(({ ref }) => known.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => known.has(each)) })),
  }
  return `${JSON.stringify(bill, null, 2)}\n`
}

/** From which mirror somebody has installed a package says nothing about it; nor does that a tool needs it as well. */
function asPacked({ externalReferences: _mirrors, ...component }: Component): Component {
  return { ...component, ...{ scope: 'required', properties: [] } }
}

function nodeComponent(version: string): object {
  const purl = `pkg:generic/node@${version}`
  return { 'bom-ref': `node@${version}`, type: 'application', name: 'node', version, scope: 'required', purl }
}
