/** Graph's answers about a person: the profile with `$select`, the photo, and what `/oidc/userinfo` says. */
import { isGuest, namesOf } from './account.ts'
import type { Person } from './directory.ts'
import { type GraphAnswer, refused } from './graph-answers.ts'

/** What comes without `$select`. */
const usual = [
  ...['businessPhones', 'displayName', 'givenName', 'jobTitle', 'mail', 'mobilePhone', 'officeLocation'],
  ...['preferredLanguage', 'surname', 'userPrincipalName', 'id'],
]

const further = [
  ...['accountEnabled', 'ageGroup', 'city', 'companyName', 'country', 'createdDateTime', 'department', 'employeeId'],
  ...['employeeType', 'employeeHireDate', 'employeeOrgData', 'faxNumber', 'identities', 'imAddresses', 'mailNickname'],
  ...['onPremisesDistinguishedName', 'onPremisesDomainName', 'onPremisesExtensionAttributes', 'onPremisesImmutableId'],
  ...[
    'onPremisesSamAccountName',
    'onPremisesSecurityIdentifier',
    'onPremisesSyncEnabled',
    'onPremisesUserPrincipalName',
  ],
  ...['otherMails', 'postalCode', 'preferredDataLocation', 'proxyAddresses', 'securityIdentifier', 'state'],
  ...['streetAddress', 'usageLocation', 'userType', 'externalUserState'],
]

const sizes = ['48x48', '64x64', '96x96', '120x120', '240x240', '360x360', '432x432', '504x504', '648x648']

/** `/me` or `/users/{id}`. A property that Graph does not have is refused; one that the person does not have is null. */
export function profile(person: Person, select: string | null): GraphAnswer {
  const names = select === null ? usual : select.split(',').map((name) => name.trim())
  const known = (name: string) => usual.includes(name) || further.includes(name) || name.startsWith('extension_')
  const stranger = names.find((name) => !known(name))
  if (stranger !== undefined) {
    return refused(400, `Could not find a property named '${stranger}' on type 'microsoft.graph.user'.`)
  }
  const { given, family } = namesOf(person)
  const values: Readonly<Record<string, unknown>> = {
    ...{ id: person.id, displayName: person.name, mail: person.mail, userPrincipalName: person.userPrincipalName },
    ...{ givenName: given, surname: family, businessPhones: [] },
    ...{ accountEnabled: person.enabled, userType: isGuest(person) ? 'Guest' : 'Member' },
    ...person.properties,
  }
  const context = `https://graph.microsoft.com/v1.0/$metadata#users${select === null ? '' : `(${select})`}/$entity`
  const chosen = names.map((name) => [name, values[name] ?? null])
  return { status: 200, body: { '@odata.context': context, ...Object.fromEntries(chosen) } }
}

/** The picture itself. The size that was asked for may not be the one that comes. */
export function photo(person: Person, size: string | null): GraphAnswer {
  if (size !== null && !sizes.includes(size.toLowerCase())) return refused(400, 'The size is not supported.')
  if (person.photo === null) return refused(404, 'The photo wasn’t found.', 'ImageNotFound')
  return {
    status: 200,
    body: null,
    bytes: Buffer.from(person.photo, 'base64'),
    headers: { 'Content-Type': 'image/jpeg' },
  }
}

/** About the picture. Where there is none, Graph speaks of one of a single dot. */
export function photoMetadata(person: Person): GraphAnswer {
  const some = { '@odata.mediaContentType': 'image/jpeg', id: '48x48', width: 48, height: 48 }
  const none = { '@odata.mediaContentType': 'image/gif', id: '1x1', width: 1, height: 1 }
  return { status: 200, body: person.photo === null ? none : some }
}

export function userInfo(person: Person, subject: string, origin: string): GraphAnswer {
  const { given, family } = namesOf(person)
  const names = { name: person.name, family_name: family ?? '', given_name: given }
  const picture = `${origin}/v1.0/me/photo/$value`
  return {
    status: 200,
    body: { sub: subject, ...names, picture, ...(person.mail === null ? {} : { email: person.mail }) },
  }
}
