/** Graph's questions about membership: which of these, which at all, page by page. Everything counts that is inherited. */
import type { Person } from './directory.ts'
import { type GraphAnswer, type GraphCall, listed, refused } from './graph-answers.ts'
import type { Groups } from './groups.ts'

/** No more ids than these in one `checkMember…`. */
const checkLimit = 20
const defaultPage = 100
const largestPage = 999

export interface MembershipQuestion {
  readonly call: GraphCall
  readonly person: Person
  readonly groups: Groups
  /** Whether the token may read what groups are called, and not only which there are. */
  readonly readsGroups: boolean
}

/** `checkMemberObjects` (groups and directory roles) and `checkMemberGroups`: the ids, of those that were sent, that the person belongs to. */
export function checkMember({ call, person, groups }: MembershipQuestion, kind: 'objects' | 'groups'): GraphAnswer {
  const asked = stringsIn(call.body, kind === 'objects' ? 'ids' : 'groupIds')
  if (asked === null || asked.length === 0) return refused(400, 'The list of ids is missing.')
  if (asked.length > checkLimit) return refused(400, `No more than ${checkLimit} ids may be checked.`)
  const stranger = asked.find((id) => !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
  if (stranger !== undefined) return refused(400, 'Invalid object identifier.')
  const held = new Set(idsOf(person, groups, kind).map((id) => id.toLowerCase()))
  return listed(
    'Collection(Edm.String)',
    asked.filter((id) => held.has(id.toLowerCase())),
  )
}

/** `getMemberObjects` and `getMemberGroups`: all ids at once. */
export function getMember({ call, person, groups }: MembershipQuestion, kind: 'objects' | 'groups'): GraphAnswer {
  const { body } = call
  const flag = typeof body === 'object' && body !== null && 'securityEnabledOnly' in body && body.securityEnabledOnly
  if (typeof flag !== 'boolean') return refused(400, 'securityEnabledOnly is missing.')
  const ids = idsOf(person, groups, kind).filter((id) => !flag || groups.describe(id).kind === 'security')
  return listed('Collection(Edm.String)', ids)
}

/** `transitiveMemberOf`, also cast to groups; counting and the cast are advanced queries and need `ConsistencyLevel: eventual`. */
export function transitiveMemberOf(question: MembershipQuestion, cast: boolean): GraphAnswer {
  const { call, person, groups } = question
  const { searchParams } = call.url
  const counts = searchParams.get('$count') === 'true'
  if ((counts || cast) && call.header('consistencylevel')?.toLowerCase() !== 'eventual') {
    return refused(
      400,
      'The request needs the header ConsistencyLevel with the value eventual.',
      'Request_UnsupportedQuery',
    )
  }
  const top = Number(searchParams.get('$top') ?? defaultPage)
  if (!Number.isInteger(top) || top < 1 || top > largestPage) return refused(400, 'Invalid page size specified.')
  const start = startOf(searchParams.get('$skiptoken'))
  if (start === null) return refused(400, 'The skip token is not valid.')

  const items = [
    ...groups.inherited(person.groups).map((id) => groupItem(id, question)),
    ...(cast ? [] : person.directoryRoles.map((id) => ({ '@odata.type': '#microsoft.graph.directoryRole', id }))),
  ]
  const page = items.slice(start, start + top)
  const more = start + top < items.length ? { '@odata.nextLink': nextLink(call.url, start + top) } : {}
  return listed('directoryObjects', page, { ...(counts ? { '@odata.count': items.length } : {}), ...more })
}

/** Without the permission to read groups everything is null but the type and the id. */
function groupItem(id: string, { call, groups, readsGroups }: MembershipQuestion): Readonly<Record<string, unknown>> {
  const group = groups.describe(id)
  const item = {
    id,
    displayName: readsGroups ? group.name : null,
    securityEnabled: readsGroups ? group.kind === 'security' : null,
    onPremisesSamAccountName: readsGroups ? group.samAccountName : null,
  }
  const selected = call.url.searchParams.get('$select')?.split(',')
  const shown = Object.entries(item).filter(([name]) => selected === undefined || selected.includes(name))
  return { '@odata.type': '#microsoft.graph.group', ...Object.fromEntries(shown) }
}

function idsOf(person: Person, groups: Groups, kind: 'objects' | 'groups'): readonly string[] {
  return [...groups.inherited(person.groups), ...(kind === 'objects' ? person.directoryRoles : [])]
}

function startOf(token: string | null): number | null {
  if (token === null) return 0
  const start = Number(Buffer.from(token, 'base64url').toString())
  return Number.isInteger(start) && start > 0 ? start : null
}

function nextLink(url: URL, start: number): string {
  const next = new URL(url)
  next.searchParams.set('$skiptoken', Buffer.from(String(start)).toString('base64url'))
  return next.href
}

function stringsIn(body: unknown, name: string): readonly string[] | null {
  const value: unknown = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : null
}
