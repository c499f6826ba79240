/** The groups of the directory: what each is called, which other groups it belongs to, and so who belongs to what in the end. */

export const payrollAdministrators = '4f9d2b6a-1c83-4e57-b0a9-7d6e5c4b3a21'
export const payrollStaff = '8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65'
export const allEmployees = 'c7b1e3f5-9a2d-4068-8f4c-6e5d3b2a1908'
/** Belongs to the payroll staff, who belong to all employees: membership that is inherited twice. */
export const nightShift = '2d7e4c19-8b60-4f35-91ae-c5d3b7f08e64'

export interface Group {
  readonly id: string
  readonly name: string
  readonly kind: 'security' | 'distribution'
  /** Groups of which this one is a member. */
  readonly memberOf: readonly string[]
  /** The name in the Active Directory that it was synchronised from; null for one that was made in the cloud. */
  readonly samAccountName: string | null
}

export type NewGroup = Pick<Group, 'id'> & Partial<Group>

export interface Groups {
  /** A group that nobody described is a security group made in the cloud. */
  describe(id: string): Group
  /** The groups themselves and all that they belong to, each once, nearest first. Circles do no harm. */
  inherited(direct: readonly string[]): readonly string[]
}

const defaultGroups: readonly NewGroup[] = [
  { id: payrollAdministrators, name: 'Payroll administrators', samAccountName: 'payroll-admins' },
  { id: payrollStaff, name: 'Payroll staff', samAccountName: 'payroll-staff', memberOf: [] },
  { id: allEmployees, name: 'All employees' },
  { id: nightShift, name: 'Payroll night shift', memberOf: [payrollStaff] },
]

export function createGroups(further: readonly NewGroup[] = []): Groups {
  const known = new Map([...defaultGroups, ...further].map((group) => [group.id, completed(group)]))
  const describe = (id: string) => known.get(id) ?? completed({ id })
  return {
    describe,
    inherited(direct) {
      const found = new Set<string>(direct)
      // A set hands out what is added to it while it is walked.
      for (const id of found) for (const parent of describe(id).memberOf) found.add(parent)
      return [...found]
    },
  }
}

function completed(group: NewGroup): Group {
  return { name: `Group ${group.id.slice(0, 8)}`, kind: 'security', memberOf: [], samAccountName: null, ...group }
}
