/**
 * `npm run build`: the sources as JavaScript in `dist`, with the files that the compiler does not copy, and in `build` a tarball
 * with all that a machine needs which has neither npm nor a network. `--with-node` puts the Node of this project into it,
 * `--no-tarball` makes `dist` alone. What it is made of stands in `sbom.cdx.json`, which is part of it.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { billOfMaterials } from './bill-of-materials.ts'
import { type Entry, writeTarball } from './tarball.ts'

const { values: options } = parseArgs({
  options: {
    'with-node': { type: 'boolean', default: false },
    'no-tarball': { type: 'boolean', default: false },
  },
})

rmSync('dist', { recursive: true, force: true })
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
cpSync('src/pages', 'dist/pages', { recursive: true, filter: (path) => !path.endsWith('.ts') })
chmodSync('dist/main.js', 0o755)
const libraries = productionPackages()
const packed = libraries.map((folder) => `${nameOf(folder)}@${readJson<Locked>(join(folder, 'package.json')).version}`)
writeFileSync('dist/sbom.cdx.json', billOfMaterials(packed, options['with-node'] ? nodeVersion() : null))

if (!options['no-tarball']) {
  const { version } = readJson<{ version: string }>('package.json')
  // A tarball with Node in it fits one kind of machine, and says so.
  const kind = options['with-node'] ? `-${process.platform}-${process.arch}` : ''
  const file = `build/sallyport-${version}${kind}.tar.gz`
  mkdirSync('build', { recursive: true })
  await writeTarball(file, `sallyport-${version}`, [
    ...['dist', 'config'].flatMap((folder) => copiesOf(filesBelow(folder))),
    ...copiesOf(['package.json', 'LICENSE', 'README.md', 'SECURITY.md']),
    ...libraries.flatMap((folder) => copiesOf(filesBelow(folder, ['node_modules']))),
    { path: 'bin/sallyport', content: { text: launcher() }, executable: true },
    ...(options['with-node'] ? node() : []),
  ])
  console.log(`${file}  ${(statSync(file).size / 1e6).toFixed(1)} MB`)
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T
}

function copiesOf(files: readonly string[]): readonly Entry[] {
  return files.map((file) => ({ path: file, content: { file }, executable: isExecutable(file) }))
}

/** Any bit will do: which of them there are depends on the umask of who installed. */
function isExecutable(file: string): boolean {
  return (statSync(file).mode & 0o111) !== 0
}

/** All files of a folder and those in it; `without` names folders directly below. Anything else, such as a link, throws. */
function filesBelow(folder: string, without: readonly string[] = []): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isFile()) return [path]
    if (!entry.isDirectory()) throw new Error(`${path} is neither a file nor a folder`)
    return without.includes(entry.name) ? [] : filesBelow(path)
  })
}

interface Locked {
  readonly version: string
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly optional?: boolean
}

/** The folders of what `npm ci --omit=dev` would install. What is installed must be what the lock file names. */
function productionPackages(): readonly string[] {
  const { packages } = readJson<{ packages: Record<string, Locked> }>('package-lock.json')
  const folders: string[] = []
  for (const [folder, locked] of Object.entries(packages)) {
    if (folder === '' || locked.dev === true || locked.devOptional === true) continue
    const about = join(folder, 'package.json')
    const installed = existsSync(about) ? readJson<Locked>(about).version : 'missing'
    // What is made for another platform is optional, and not here.
    if (locked.optional === true && installed === 'missing') continue
    if (installed !== locked.version) throw new Error(`${folder} is ${installed}, not ${locked.version}: run npm ci`)
    folders.push(folder)
  }
  return folders
}

/** `node_modules/a/node_modules/@b/c` → `@b/c`. */
function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
}

/** The Node that npm installed for this project, and the licence under which it may be passed on. */
function node(): readonly Entry[] {
  const home = 'node_modules/node'
  const version = nodeVersion()
  return [
    { path: 'bin/node', content: { file: join(home, 'bin/node') }, executable: true },
    { path: 'bin/node.LICENSE', content: licenceOfNode(join(home, 'node_modules'), version), executable: false },
  ]
}

function nodeVersion(): string {
  return readJson<Locked>('node_modules/node/package.json').version
}

/** The package for this platform has it; npm takes that away again when it next changes something, and leaves the program. */
function licenceOfNode(home: string, version: string): Entry['content'] {
  const files = existsSync(home) ? readdirSync(home).map((name) => join(home, name, 'LICENSE')) : []
  const file = files.find((each) => /node-(bin-)?(linux|darwin)-/.test(each) && existsSync(each))
  if (file !== undefined) return { file }
  console.warn('The licence of Node is not installed. `npm ci` brings it, for a tarball that is passed on to others.')
  return { text: `Node.js ${version}. Its licence: https://github.com/nodejs/node/blob/v${version}/LICENSE\n` }
}

/** The command of an installation. Through `current` it finds the folder that this leads to now, and stays in it. */
function launcher(): string {
  return `#!/bin/sh
# Runs on the Node beside it, or else on the one in the PATH.
bin=$(dirname "$(readlink -f "$0")")
if [ -x "$bin/node" ]; then exec "$bin/node" "$bin/../dist/main.js" "$@"; fi
exec node "$bin/../dist/main.js" "$@"
`
}
