/** Writes as many tenants as one likes, each in a file of its own, with a provider, roles, routes and a secret of its own. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface ManyTenants {
  readonly folder: string
  readonly count: number
  /** Port of the public URLs, `http://tenant-<n>.localhost:<port>`. */
  readonly port: number
  readonly upstream: string
  readonly authority: string
}

/** Folders `tenants` and `secrets` below the folder; `tenantFilesYaml` names them. */
export function writeTenants(many: ManyTenants): void {
  const { folder, count } = many
  for (const name of ['tenants', 'secrets']) mkdirSync(join(folder, name), { recursive: true })
  for (let at = 0; at < count; at++) writeTenant(many, at)
}

export function tenantName(at: number): string {
  return `tenant-${at}`
}

/** @param role what the staff of the tenant are called: the value that tests change. */
export function writeTenant({ folder, port, upstream, authority }: ManyTenants, at: number, role = 'user'): void {
  const name = tenantName(at)
  writeFileSync(join(folder, 'secrets', `${name}.client-secret`), `secret-of-${name}`)
  writeFileSync(
    join(folder, 'tenants', `${name}.yaml`),
    `publicUrl: http://${name}.localhost:${port}
providers:
  - name: own
    tenantId: ${guid(`directory of ${name}`)}
    clientId: ${guid(`client of ${name}`)}
    credential: { secret: '\${file:client-secret}' }
    authority: ${authority}
roles:
  - { name: admin, groups: [${guid(`admins of ${name}`)}], appRoles: [Admin] }
  - { name: ${role}, groups: [${guid(`staff of ${name}`)}, ${guid(`guests of ${name}`)}] }
upstream: { url: '${upstream}' }
routes:
  - { path: /assets, access: public }
  - { path: /admin, access: [admin] }
  - { path: /, access: signed-in }
headers: { presets: [x-forwarded], set: { X-Tenant: ${name} } }
branding: { name: Application of ${name}, support: it@${name}.example }
`,
  )
}

/** The lines of the operator's file that name the folders. */
export const tenantFilesYaml = 'tenantFiles: { path: tenants/*.yaml, secrets: secrets }\n'

function guid(of: string): string {
  const hex = createHash('sha256').update(of).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
