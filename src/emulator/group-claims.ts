/** What a token says about groups: listed, as the registration asks for, or pointed at where there are too many. */
import type { Person } from './directory.ts'
import type { Group, Groups } from './groups.ts'
import type { Application } from './registration.ts'

/** More groups than these are not listed but pointed at: the second number is for answers on the front channel. */
const groupLimit = 200
const frontChannelLimit = 5

/** The group claims of a person, and the directory roles where they are asked for; nothing where there is nothing to say. */
export function groupClaims(person: Person, application: Application, groups: Groups): Record<string, unknown> {
  const { groupClaims: kind } = application
  const roles = kind === 'DirectoryRole' || kind === 'All' ? person.directoryRoles : []
  const listed = kind === null || kind === 'DirectoryRole' ? [] : emitted(person, application, groups)
  return { ...listing(listed, person, application), ...(roles.length === 0 ? {} : { wids: roles }) }
}

/** Assignment to an application ignores nesting, all other kinds do not. Names that a group lacks leave it out, without a word. */
function emitted(person: Person, application: Application, groups: Groups): readonly string[] {
  const { groupClaims: kind, groupFormat, assignedGroups } = application
  if (kind === 'ApplicationGroup') {
    const assigned = person.groups.filter((id) => assignedGroups.includes(id)).map(groups.describe)
    return assigned.flatMap((group) => written(group, groupFormat) ?? [])
  }
  const held = groups.inherited(person.groups).map(groups.describe)
  return held
    .filter((group) => kind === 'All' || group.kind === 'security')
    .flatMap((group) => written(group, groupFormat) ?? [])
}

function written(group: Group, format: Application['groupFormat']): string | null {
  const { samAccountName } = group
  switch (format) {
    case 'id':
      return group.id
    case 'cloud_displayname':
      return group.name
    case 'sam_account_name':
      return samAccountName
    case 'dns_domain_and_sam_account_name':
      return samAccountName === null ? null : `contoso.example\\${samAccountName}`
    case 'netbios_domain_and_sam_account_name':
      return samAccountName === null ? null : `CONTOSO\\${samAccountName}`
    default:
      return format satisfies never
  }
}

/** The pointer names an API that has been retired: nobody should follow it. */
function listing(listed: readonly string[], person: Person, application: Application): Record<string, unknown> {
  const claim = application.groupsAsRoles ? 'roles' : 'groups'
  if (listed.length === 0) return {}
  const short = application.overage === 'hasgroups' ? frontChannelLimit : groupLimit
  if (listed.length <= short) return { [claim]: listed }
  const instead = application.groupsAsRoles ? { roles: undefined } : {}
  const graph = `https://graph.microsoft.com/v1.0/users/${person.id}/getMemberObjects`
  const retired = `https://graph.windows.net/${person.directory}/users/${person.id}/getMemberObjects`
  switch (application.overage) {
    case 'hasgroups':
      return { ...instead, hasgroups: true }
    case 'flattened':
      return { ...instead, [`${claim}:src1`]: retired }
    case 'azure-ad-graph':
    case 'microsoft-graph': {
      const endpoint = application.overage === 'microsoft-graph' ? graph : retired
      return { ...instead, _claim_names: { [claim]: 'src1' }, _claim_sources: { src1: { endpoint } } }
    }
    default:
      return application.overage satisfies never
  }
}
