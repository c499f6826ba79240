/** Which directories there are (Entra calls them tenants), and what the first part of an address stands for: one of them, or a keyword. */

export interface Tenancy {
  readonly id: string
  readonly name: string
  /** The verified domain: the directory may be asked for by it, and answers with its id. */
  readonly domain: string
}

/** The directory of all personal accounts; the same for everybody. */
export const consumersId = '9188040d-6c67-4c5b-b112-36a304b66dad'

/** Where the application is registered. */
export const contoso: Tenancy = {
  id: '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30',
  name: 'Contoso (pretend)',
  domain: 'contoso.example',
}

/** Another company: home of the guest, and of people who have no business in Contoso. */
export const fabrikam: Tenancy = {
  id: 'd94e1c37-6a5b-4f02-8e71-b3c0a9d85f16',
  name: 'Fabrikam (pretend)',
  domain: 'fabrikam.example',
}

const consumers: Tenancy = { id: consumersId, name: 'Personal accounts (pretend)', domain: 'live.example' }

export const tenancies: readonly Tenancy[] = [contoso, fabrikam, consumers]

/** Stands in the issuer of a keyword authority where an id would stand. */
export const issuerTemplate = '{tenantid}'

type Keyword = 'common' | 'organizations' | 'consumers'

/** Of the protocol: which of the two, the address says. */
export type Version = '1.0' | '2.0'

/** The address of an endpoint says it, and that of our own pages. */
export function versionOf(path: string): Version {
  return /^\/[^/]+\/(oauth2\/(?!v2\.0\/)|v1\/)/.test(path) ? '1.0' : '2.0'
}

/** Where the buttons of our pages lead, below the origin. */
export function pathOf({ segment }: Authority, version: Version): string {
  return version === '1.0' ? `${segment}/v1` : segment
}

/** What an address is asked under: `https://<host>/<authority>/v2.0`. */
export interface Authority {
  /** First part of its addresses: the id of the directory (also when asked by domain), or the keyword. */
  readonly segment: string
  readonly keyword: Keyword | null
  /** The directory's id; null where more than one directory may answer. */
  readonly tenancyId: string | null
}

/** Reads the first part of an address, in any case of letters; null for a directory that does not exist (90002). */
export function authorityOf(name: string): Authority | null {
  const wanted = name.toLowerCase()
  if (wanted === 'consumers') return { segment: wanted, keyword: wanted, tenancyId: consumersId }
  if (wanted === 'common' || wanted === 'organizations') return { segment: wanted, keyword: wanted, tenancyId: null }
  const found = tenancies.find(({ id, domain }) => id === wanted || domain === wanted)
  return found === undefined ? null : { segment: found.id, keyword: null, tenancyId: found.id }
}

/** Every first part under which a browser may be asked to sign in. */
export const segments: readonly string[] = [
  ...tenancies.map(({ id }) => id),
  ...['common', 'organizations', 'consumers'],
]

/** The issuer of one directory's tokens, or with the template in the place of its id. */
export function issuer(origin: string, tenancyId: string): string {
  return `${origin}/${tenancyId}/v2.0`
}
