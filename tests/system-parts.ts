/** Before the tests: the programs that they run for real. Installs what is missing where it may, or says exactly what is. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { findHelm, goIsThere, helmPackage } from './helm/program.ts'

/** Where a program is found → the Debian package it comes from. */
const needed = [
  { program: '/usr/bin/redis-server', package: 'redis-server' },
  { program: '/usr/bin/chromium', package: 'chromium' },
  { program: '/usr/sbin/nginx', package: 'nginx-light' },
  { program: '/usr/bin/openssl', package: 'openssl' },
  { program: '/usr/sbin/haproxy', package: 'haproxy' },
  { program: '/usr/sbin/apache2', package: 'apache2-bin' },
  { program: '/usr/sbin/fcgiwrap', package: 'fcgiwrap' },
  { program: '/usr/bin/radicale', package: 'radicale' },
  { program: '/usr/bin/websocketd', package: 'websocketd' },
  { program: '/usr/bin/gunicorn', package: 'gunicorn' },
  { program: '/usr/bin/systemd-notify', package: 'systemd' },
  { program: '/usr/bin/script', package: 'bsdutils' },
] as const

/** The packages start services of their own; the tests start theirs on free ports. */
const services = ['redis-server', 'nginx', 'haproxy', 'fcgiwrap', 'radicale']

const missing = () => needed.filter((part) => !existsSync(part.program))

function mayInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
}

if (missing().length > 0 && mayInstall()) {
  const packages = missing().map((part) => part.package)
  console.log(`Installing ${packages.join(', ')} for the tests …`)
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // A failure shows below as what is still missing, with the command to try by hand.
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env: environment })
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    stdio: 'inherit',
    env: environment,
  })
  for (const service of services) spawnSync('service', [service, 'stop'], { stdio: 'ignore' })
}

// Debian has no helm; Go builds it once (about a minute and a half), and finds it again in its own folder.
if (findHelm() === null && goIsThere()) {
  console.log('Building helm for the tests of the chart …')
  spawnSync('go', ['install', helmPackage], { stdio: 'inherit' })
}

const lacking = missing()
if (lacking.length > 0) {
  console.error('The tests run these programs for real, and they are missing:')
  for (const part of lacking) console.error(`  ${part.program}  (Debian package ${part.package})`)
  console.error(`Install them, for example: sudo apt-get install ${lacking.map((part) => part.package).join(' ')}`)
  process.exit(1)
}
if (findHelm() === null) console.warn('helm is missing (and Go, to build it): the tests of the chart are skipped.')
console.log(`Redis: ${execFileSync('/usr/bin/redis-server', ['--version'], { encoding: 'utf8' }).split(' ')[2] ?? '?'}`)
