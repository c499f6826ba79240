/** `npm run build` in copies of this tree, and its tarball on what stands for another machine: a folder with nothing around it. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from './redis.ts'
import { freePort, stageYaml } from './stage.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const { version } = JSON.parse(fs.readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
const name = `sallyport-${version}`

const builders = ['build.ts', 'tarball.ts', 'bill-of-materials.ts']
const sources = ['src', 'config', ...builders, 'tsconfig.json', 'tsconfig.build.json']
const all = [...sources, 'package.json', 'package-lock.json', 'LICENSE', 'README.md', 'SECURITY.md']

const folders: string[] = []
const processes: ChildProcess[] = []
afterAll(() => {
  for (const each of processes) each.kill('SIGKILL')
  for (const folder of folders) fs.rmSync(folder, { recursive: true })
})

function makeFolder(): string {
  const folder = fs.mkdtempSync(join(tmpdir(), 'sallyport-build-'))
  folders.push(folder)
  return folder
}

function copyTree(files: readonly string[], from = root): string {
  const copy = makeFolder()
  for (const file of files) fs.cpSync(join(from, file), join(copy, file), { recursive: true })
  fs.symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

/** As npm runs it: with the project's own programs first. */
function build(tree: string, options: readonly string[] = [], umask = '022') {
  const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`, NO_COLOR: '1' }
  const command = ['-c', `umask ${umask} && exec "$0" "$@"`, process.execPath, 'build.ts', ...options]
  const { status, stdout, stderr } = spawnSync('sh', command, { cwd: tree, env, encoding: 'utf8' })
  return { status, said: stdout + stderr }
}

function mustBuild(...how: Parameters<typeof build>): void {
  const { status, said } = build(...how)
  expect(status, said).toBe(0)
}

function unpack(tarball: string, ...only: readonly string[]): string {
  const folder = makeFolder()
  execFileSync('tar', ['-xzf', tarball, '-C', folder, ...only])
  return join(folder, name)
}

/** The command of an installation, with no more around it than a service has. */
const surroundings = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, NODE_ENV: 'production' }
function sallyport(installed: string, args: readonly string[], env: Record<string, string> = surroundings) {
  return spawnSync(join(installed, 'bin/sallyport'), args, { cwd: '/', env, encoding: 'utf8' })
}

let tree: string
let tarball: string
let installed: string
beforeAll(() => {
  tree = copyTree(all)
  mustBuild(tree)
  tarball = join(tree, 'build', `${name}.tar.gz`)
  installed = unpack(tarball)
})

describe('npm run build', () => {
  test('packs what runs, its documents and examples, and nothing of development', () => {
    expect(fs.readdirSync(installed).toSorted()).toEqual(
      ['LICENSE', 'README.md', 'SECURITY.md', 'bin', 'config', 'dist', 'node_modules', 'package.json'].toSorted(),
    )
    const ours = ['dist', 'config', 'bin'].flatMap((folder) =>
      fs.readdirSync(join(installed, folder), { recursive: true, encoding: 'utf8' }),
    )
    expect(ours).toContain('main.js')
    expect(ours).toContain('systemd/sallyport.service')
    expect(ours.filter((file) => /\.ts$|\btest\b/.test(file))).toEqual([])
  })

  test('packs exactly the libraries that npm would install for production', () => {
    const copy = unpack(tarball)
    // npm itself is the witness: it finds fault with what is missing, of another version, or too much. What is for development
    // counts as too much once nobody asks for it.
    const about = JSON.parse(fs.readFileSync(join(copy, 'package.json'), 'utf8'))
    fs.writeFileSync(join(copy, 'package.json'), JSON.stringify({ ...about, devDependencies: {} }))
    const faults = () => {
      const listed = spawnSync('npm', ['ls', '--all'], { cwd: copy, encoding: 'utf8' })
      return new Set(`${listed.stdout}${listed.stderr}`.match(/\b(?:extraneous|missing|invalid)\b/g))
    }
    expect(faults()).toEqual(new Set())
    expect(fs.existsSync(join(copy, 'node_modules/express'))).toBe(true)
    fs.renameSync(join(copy, 'node_modules/express'), join(copy, 'node_modules/left-over'))
    expect(faults()).toEqual(new Set(['missing', 'extraneous']))
  })

  test('gives everything to root and lets everybody read it, whatever the umask was', () => {
    const listed = execFileSync('tar', ['-tvzf', tarball, '--numeric-owner'], { encoding: 'utf8', maxBuffer: 10 ** 8 })
    const kinds = new Set(
      listed
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/\s+/).slice(0, 2).join(' ')),
    )
    expect([...kinds].toSorted()).toEqual(['-rw-r--r-- 0/0', '-rwxr-xr-x 0/0', 'drwxr-xr-x 0/0'])
  })

  test('makes the same bytes again, from other times, modes and umask, and says their hash', () => {
    const other = copyTree(all, tree)
    for (const file of ['README.md', 'src/main.ts', 'src/pages/style.css']) {
      fs.utimesSync(join(other, file), 1_000_000, 1_000_000)
      fs.chmodSync(join(other, file), 0o600)
    }
    mustBuild(other, [], '077')
    const folder = join(other, 'build')
    expect(fs.readFileSync(join(folder, `${name}.tar.gz`)).equals(fs.readFileSync(tarball))).toBe(true)
    expect(fs.readdirSync(folder).toSorted()).toEqual([`${name}.tar.gz`, `${name}.tar.gz.sha256`])
    const check = () => spawnSync('sha256sum', ['-c', `${name}.tar.gz.sha256`], { cwd: folder }).status
    expect(check()).toBe(0)
    fs.appendFileSync(join(folder, `${name}.tar.gz`), 'x')
    expect(check()).not.toBe(0)
  })

  test('packs a bill of materials that names exactly what is packed, with versions, hashes and licences', () => {
    const bill = JSON.parse(fs.readFileSync(join(installed, 'dist/sbom.cdx.json'), 'utf8'))
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'sallyport', version } } })
    const billed: string[] = bill.components.map(
      (each: { name: string; version: string }) => `${each.name}@${each.version}`,
    )
    const packed = fs
      .globSync(['**/node_modules/*/package.json', '**/node_modules/@*/*/package.json'], { cwd: installed })
      .map((file) => JSON.parse(fs.readFileSync(join(installed, file), 'utf8')))
      .map((about) => `${about.name}@${about.version}`)
    expect(new Set(billed)).toEqual(new Set(packed))
    for (const each of bill.components) {
      expect(each.hashes[0].content, each.name).toMatch(/^[0-9a-f]{128}$/)
      expect(each.licenses[0].license.id, each.name).toBeTypeOf('string')
    }
    // Where this was built, and from which mirror, is nobody's business.
    expect(JSON.stringify(bill)).not.toMatch(/timestamp|serialNumber|"distribution"|localhost|\/tmp\//)
  })

  test('packs no library that is not the one of the lock file', () => {
    const other = copyTree(all)
    const lock = JSON.parse(fs.readFileSync(join(other, 'package-lock.json'), 'utf8'))
    lock.packages['node_modules/express'].version = '5.0.0'
    fs.writeFileSync(join(other, 'package-lock.json'), JSON.stringify(lock))
    const { status, said } = build(other)
    expect(status).not.toBe(0)
    expect(said).toMatch(/node_modules\/express is [\d.]+, not 5\.0\.0: run npm ci/)
    expect(fs.existsSync(join(other, 'build'))).toBe(false)
  })

  test('refuses an option that it does not know', () => {
    expect(build(copyTree(builders), ['--with-nodes']).said).toContain("Unknown option '--with-nodes'")
  })

  test('makes `dist` alone with --no-tarball, from the files that the image is built from', () => {
    const [first = ''] = fs.readFileSync(join(root, 'Dockerfile'), 'utf8').split(/^RUN npm run build/m)
    const copied = [...first.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, files = '']) => files.split(' '))
    expect(copied).toContain('build.ts')
    const other = copyTree(copied)
    mustBuild(other, ['--no-tarball'])
    expect(fs.existsSync(join(other, 'dist/main.js'))).toBe(true)
    expect(fs.existsSync(join(other, 'dist/sbom.cdx.json'))).toBe(true)
    expect(fs.existsSync(join(other, 'build'))).toBe(false)
  })
})

describe('the tarball', () => {
  test('checks a configuration where nothing of this project can be reached', () => {
    for (let folder = dirname(installed); folder !== '/'; folder = dirname(folder)) {
      expect(fs.existsSync(join(folder, 'node_modules'))).toBe(false)
    }
    const example = join(installed, 'config/examples/single-app.yaml')
    expect(sallyport(installed, ['check', '--without-secrets', example])).toMatchObject({ status: 0, stderr: '' })
    expect(sallyport(installed, ['check', example]).status).toBe(2)
  })

  test('serves, started through a link as an installation has it, and ends as told', async () => {
    const [port, managementPort] = [await freePort(), await freePort()]
    const file = join(makeFolder(), 'sallyport.yaml')
    const nobody = 'http://127.0.0.1:1'
    // With the store that has threads of its own, whose programs must be there too.
    const session = 'store: { type: file, path: sessions.db }'
    fs.writeFileSync(file, stageYaml({ port, managementPort, upstream: nobody, authority: nobody, session }))
    const current = join(makeFolder(), 'current')
    fs.symlinkSync(installed, current)
    const command = join(current, 'bin/sallyport')
    const child = spawn(command, ['serve', '--config', file], { cwd: '/', env: surroundings, stdio: 'ignore' })
    processes.push(child)
    const status = async (path: string, at: number) =>
      await fetch(`http://127.0.0.1:${at}${path}`).then(
        (answer) => answer.status,
        () => 0,
      )
    await until('readiness', async () => (await status('/readyz', managementPort)) === 200)
    const ready = await (await fetch(`http://127.0.0.1:${managementPort}/readyz`)).text()
    expect(ready).toContain('"sessionStore":"ready"')
    // A page of ours: the templates are there.
    const page = await fetch(`http://localhost:${port}/.auth/signed-out`)
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('<!doctype html>')
    // An upgrade moves the link; what runs stays in its own folder.
    fs.rmSync(current)
    const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)))
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  })

  test('with Node in it, runs on that one, and has its licence', () => {
    mustBuild(tree, ['--with-node'])
    const kind = `${process.platform}-${process.arch}`
    const whole = unpack(join(tree, 'build', `${name}-${kind}.tar.gz`), `${name}/bin`, `${name}/dist/sbom.cdx.json`)
    const bin = join(whole, 'bin')
    expect(fs.readFileSync(join(whole, 'dist/sbom.cdx.json'), 'utf8')).toMatch(/"pkg:generic\/node@\d+\.\d+\.\d+"/)
    expect(fs.readdirSync(bin).toSorted()).toEqual(['node', 'node.LICENSE', 'sallyport'])
    expect(fs.readFileSync(join(bin, 'node.LICENSE'), 'utf8')).toContain('Node.js')
    fs.renameSync(join(bin, 'node'), join(installed, 'bin/node'))
    const broken = makeFolder()
    fs.writeFileSync(join(broken, 'node'), '#!/bin/sh\nexit 99\n', { mode: 0o755 })
    const env = { PATH: `${broken}:/usr/bin:/bin` }
    expect(sallyport(installed, ['keygen'], env)).toMatchObject({ status: 0, stderr: '' })
    fs.rmSync(join(installed, 'bin/node'))
    expect(sallyport(installed, ['keygen'], env).status).toBe(99)
  }, 60_000)
})
