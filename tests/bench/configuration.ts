/** The configuration of the gateways that are measured, and the person who is signed in at them. */
import { createHash } from 'node:crypto'
import { clientId, clientSecret, directoryId, type NewPerson } from '../../src/emulator/directory.ts'

/** Groups of the person, all of them named by the configuration, so all of them are sent. */
export const fiftyGroups: readonly string[] = Array.from({ length: 50 }, (_, at) => {
  const hex = createHash('sha256').update(`group ${at}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
})

export const manyGroups: NewPerson = {
  username: 'grace@contoso.example',
  name: 'Grace Hopper',
  mail: 'grace@contoso.example',
  groups: fiftyGroups,
}

/** A member of one of the fifty. */
export const oneGroup: NewPerson = {
  username: 'alan@contoso.example',
  name: 'Alan Turing',
  mail: 'alan@contoso.example',
  groups: fiftyGroups.slice(0, 1),
}

/** The application's session of its own, as most have one. */
export const applicationCookie = 'JSESSIONID=5B1C7C0B9F1F4C55A9F0D2E1'
export const sessionSecret = 'a-session-secret-of-the-bench-0123456789abcdef'

export interface BenchSettings {
  readonly port: number
  readonly managementPort: number
  readonly upstream: string
  readonly authority: string
  /** The flow mapping of `session.store`. */
  readonly store: string
  /** Further lines of `session`, each indented by two. */
  readonly session?: string
}

/** An ordinary tenant: x-forwarded headers, one public path, everything else for whoever is signed in. */
export function benchYaml({ port, managementPort, upstream, authority, store, session = '' }: BenchSettings): string {
  return `version: 1
allowInlineSecrets: true
server: { listen: '127.0.0.1:${port}', management: '127.0.0.1:${managementPort}' }
session:
  secrets: [${sessionSecret}]
  store: ${store}
${session}providers:
  - name: contoso
    tenantId: ${directoryId}
    clientId: ${clientId}
    credential: { secret: ${clientSecret} }
    authority: ${authority}
tenants:
  - name: payroll
    publicUrl: http://localhost:${port}
    providers: [contoso]
    roles:
      - { name: member, groups: [${fiftyGroups.join(', ')}] }
    upstream: { url: '${upstream}' }
    headers: { presets: [x-forwarded] }
    branding: { name: Payroll, support: it@contoso.example }
    routes:
      - { path: /public, access: public }
      - { path: /, access: signed-in }
`
}
