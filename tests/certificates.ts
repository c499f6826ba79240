/** A certificate authority of the tests' own, and what it issues. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Certificate } from '../src/core/gateway.ts'
import { Secret } from '../src/core/secret.ts'

/** PEM, as `tls.createSecureContext` takes it. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

export interface Authority extends Pair {
  /** @param names as in a certificate request: `DNS:app.internal,IP:127.0.0.1`. @param days -1: it expired yesterday. */
  issue(names: string, days?: number, kind?: 'ec' | 'rsa'): Pair
}

const keyOptions = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
const rsaOptions = ['-newkey', 'rsa:2048', '-nodes']

export function createAuthority(): Authority {
  return inFolder((folder) => {
    const pair = selfSigned(folder, [])
    return {
      ...pair,
      issue: (names, days = 2, kind = 'ec') => inFolder((own) => issue(own, pair, { names, days, kind })),
    }
  })
}

/** A certificate that nobody vouches for. */
export function createSelfSigned(names: string, key = keyOptions): Pair {
  return inFolder((folder) => selfSigned(folder, ['-addext', `subjectAltName=${names}`], key))
}

/** The same as the compiled model holds it. */
export function asCertificate({ cert, key }: Pair): Certificate {
  return { chain: cert, key: new Secret(key), expiresAt: 4_000_000_000 }
}

function selfSigned(folder: string, extensions: readonly string[], key = keyOptions): Pair {
  openssl(folder, ['req', '-x509', ...key, '-days', '2', '-subj', '/CN=tests', ...extensions, ...out('cert')])
  return read(folder)
}

interface Wanted {
  readonly names: string
  readonly days: number
  readonly kind: 'ec' | 'rsa'
}

function issue(folder: string, authority: Pair, { names, days, kind }: Wanted): Pair {
  writeFileSync(join(folder, 'ca'), authority.cert)
  writeFileSync(join(folder, 'ca-key'), authority.key)
  openssl(folder, [
    'req',
    ...(kind === 'rsa' ? rsaOptions : keyOptions),
    '-subj',
    '/CN=issued',
    '-addext',
    `subjectAltName=${names}`,
    ...out('request'),
  ])
  const from = ['-in', 'request', '-CA', 'ca', '-CAkey', 'ca-key', '-CAcreateserial', '-copy_extensions', 'copy']
  openssl(folder, ['x509', '-req', ...from, '-days', String(days), '-out', 'cert'])
  return read(folder)
}

function out(file: string): readonly string[] {
  return ['-keyout', 'key', '-out', file]
}

function read(folder: string): Pair {
  return { cert: readFileSync(join(folder, 'cert'), 'utf8'), key: readFileSync(join(folder, 'key'), 'utf8') }
}

function openssl(cwd: string, args: readonly string[]): void {
  execFileSync('openssl', args, { cwd, stdio: 'ignore' })
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'))
  try {
    return work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
