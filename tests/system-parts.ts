/** Before the tests: the programs that they run for real. Installs what is missing where it may, or says exactly what is. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Where a program is found → the Debian package it comes from. */
const needed = [
  { program: '/usr/bin/redis-server', package: 'redis-server' },
  { program: '/usr/bin/chromium', package: 'chromium' },
  { program: '/usr/sbin/nginx', package: 'nginx-light' },
  { program: '/usr/bin/openssl', package: 'openssl' },
] as const

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
  // The packages start services of their own; the tests start theirs on free ports.
  for (const service of ['redis-server', 'nginx']) spawnSync('service', [service, 'stop'], { stdio: 'ignore' })
}

const lacking = missing()
if (lacking.length > 0) {
  console.error('The tests run these programs for real, and they are missing:')
  for (const part of lacking) console.error(`  ${part.program}  (Debian package ${part.package})`)
  console.error(`Install them, for example: sudo apt-get install ${lacking.map((part) => part.package).join(' ')}`)
  process.exit(1)
}
console.log(`Redis: ${execFileSync('/usr/bin/redis-server', ['--version'], { encoding: 'utf8' }).split(' ')[2] ?? '?'}`)
