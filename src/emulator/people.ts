/** The cast: four people who are always there, and the personas that make trouble at Entra, each by what makes it special. */
import type { NewPerson } from './directory.ts'
import { allEmployees, nightShift, payrollAdministrators, payrollStaff } from './groups.ts'
import { consumersId, fabrikam } from './tenancies.ts'

/** App roles of the registration, by their `value`. */
export const administratorRole = 'Payroll.Admin'
export const readerRole = 'Payroll.Reader'

export const defaultPeople: readonly NewPerson[] = [
  {
    id: '3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36',
    username: 'ada@contoso.example',
    name: 'Ada Lovelace',
    description: 'Payroll administrator',
    mail: 'ada@contoso.example',
    groups: [payrollAdministrators, payrollStaff, allEmployees],
    properties: { department: 'Payroll', employeeId: '1815', onPremisesSamAccountName: 'alovelace' },
  },
  {
    id: '71f8d2b5-0e4c-4936-a6d7-9b3c5f1e2a48',
    username: 'uwe@contoso.example',
    name: 'Uwe Müller',
    description: 'Payroll staff',
    mail: 'uwe.mueller@contoso.example',
    groups: [payrollStaff, allEmployees],
    properties: { department: 'Lohnbüro', employeeId: '0042', onPremisesSamAccountName: 'umueller' },
  },
  {
    id: 'a25b9c0e-4f67-4d18-8b3a-0c9e7d6f5142',
    username: 'nora@contoso.example',
    name: 'Nora Nobody',
    description: 'Belongs to no group and has no role',
  },
  {
    id: 'e8046d1f-b92a-47c3-9d5e-6f1a3b8c7d20',
    username: 'zoë@fabrikam.example',
    userPrincipalName: 'zoë_fabrikam.example#EXT#@contoso.example',
    name: 'Zoë Björk-Łukasiewicz 山田',
    description: 'Guest of another company, may read',
    mail: 'zoe@fabrikam.example',
    mailVerified: true,
    appRoles: [readerRole],
    homeDirectory: fabrikam.id,
  },
]

/** How `xms_edov` has been seen to be spelled, beside the `true` and `"1"` of others here. */
const spellings = [
  ['Edith', 1],
  ['Edna', 'true'],
  ['Edwina', false],
  ['Edda', '0'],
] as const

/** Everybody whom a gateway should have met once. `sallyport emulator` has them; other scenes name those that they need. */
export const personas: readonly NewPerson[] = [
  {
    username: 'nick@contoso.example',
    name: 'Nick Nested',
    description: 'Payroll staff through the night shift only',
    mail: 'nick@contoso.example',
    groups: [nightShift],
  },
  {
    username: 'dora@contoso.example',
    name: 'Dora Disabled',
    description: 'Her account is disabled (50057)',
    enabled: false,
  },
  {
    username: 'una@contoso.example',
    name: 'Una Unassigned',
    description: 'Not assigned to the application (50105)',
    refusedWith: 50105,
  },
  {
    username: 'blake@contoso.example',
    name: 'Blake Blocked',
    description: 'Kept out by Conditional Access (53003)',
    refusedWith: 53003,
  },
  {
    username: 'petra@contoso.example',
    name: 'Petra Password',
    description: 'Has a password: correct horse',
    password: 'correct horse',
    groups: [payrollStaff],
  },
  {
    username: 'max@contoso.example',
    name: 'Max Mailless',
    description: 'Has no mail address, and no more of a name than this',
    groups: [allEmployees],
  },
  {
    username: 'olga@contoso.example',
    name: 'Olga Operator',
    description: 'Holds directory roles',
    mail: 'olga@contoso.example',
    directoryRoles: ['62e90394-69f5-4237-9190-012177145e10', 'b79fbf4d-3ef9-4689-8143-76b194e85509'],
  },
  {
    username: 'gil@live.example',
    userPrincipalName: 'gil_live.example#EXT#@contoso.example',
    name: 'Gil Guest',
    description: 'Guest with a personal account',
    mail: 'gil@live.example',
    identityProvider: 'live.com',
  },
  ...[1, 150, 200, 201, 500].map(memberOf),
  {
    username: 'zoë@fabrikam.example',
    directory: fabrikam.id,
    name: 'Zoë Björk-Łukasiewicz 山田',
    description: 'The same guest, at home in her own company',
    mail: 'zoe@fabrikam.example',
    mailVerified: true,
  },
  {
    username: 'felix@fabrikam.example',
    directory: fabrikam.id,
    name: 'Felix Foreign',
    description: 'Member of another company, unknown at Contoso (50020)',
    mail: 'felix@fabrikam.example',
    mailVerified: '1',
  },
  ...spellings.map(([first, mailVerified]) => ({
    username: `${first.toLowerCase()}@fabrikam.example`,
    directory: fabrikam.id,
    name: `${first} Edov`,
    description: `Her mail is verified as ${JSON.stringify(mailVerified)}`,
    mail: `${first.toLowerCase()}@fabrikam.example`,
    mailVerified,
  })),
  {
    username: 'mallory@fabrikam.example',
    directory: fabrikam.id,
    name: 'Mallory Mimic',
    description: 'Claims the mail address of somebody else',
    mail: 'ada@contoso.example',
  },
  {
    username: 'paula@live.example',
    directory: consumersId,
    name: 'Paula Personal',
    description: 'A personal account',
    mail: 'paula@live.example',
    mailVerified: true,
  },
]

/** The last of the groups is that of the payroll staff, so that a role hangs on it which only Graph can find behind an overage. */
function memberOf(count: number): NewPerson {
  const groups = Array.from({ length: count - 1 }, (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`)
  return {
    username: `groups${count}@contoso.example`,
    name: `Greta Groups ${count}`,
    description: `Member of ${count} ${count === 1 ? 'group' : 'groups'}`,
    mail: `groups${count}@contoso.example`,
    groups: [...groups, payrollStaff],
  }
}
