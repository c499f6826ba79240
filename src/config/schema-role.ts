/** The settings of a role: who has it. */
import { z } from 'zod'
import { guid, line, roleName } from './schema-kinds.ts'

const claimValues = z.union([line, z.array(line).min(1)])

export const role = z.strictObject({
  name: roleName.meta({ description: 'What routes ask for, and what the application is told.', examples: ['admin'] }),
  groups: z
    .array(line)
    .prefault([])
    .meta({
      description:
        'Groups whose members have the role: at Entra object IDs (names with `groupNames: emitted`), elsewhere what the claim lists.',
      examples: [['aaaaaaaa-1111-2222-3333-444444444444']],
    }),
  appRoles: z
    .array(line)
    .prefault([])
    .meta({
      description: 'Values of app roles of the app registration that give the role.',
      examples: [['Payroll.Admin']],
    }),
  directoryRoles: z
    .array(guid)
    .prefault([])
    .meta({
      description:
        'Directory roles of Entra that give the role, by their template IDs. The groups claim of the app registration must include them.',
      examples: [['62e90394-69f5-4237-9190-012177145e10']],
    }),
  people: z
    .array(line)
    .prefault([])
    .meta({
      description:
        'Single people who have the role: at Entra object IDs, elsewhere the subject. Where people of several directories can come, `<directory id>/<object id>`. Personal Microsoft accounts get in only if they are named so.',
      examples: [['cccccccc-1111-2222-3333-444444444444']],
    }),
  claims: z
    .record(z.string(), claimValues.meta({ allowed: 'a text, or a list of texts', placeholder: 'placeholder' }))
    .prefault({})
    .meta({
      description:
        'Claims that give the role, each with the value or one of the values that it must have, letter by letter. Of several claims, all must fit.',
      examples: [{ department: ['Payroll', 'Human Resources'] }],
    }),
})

export type RoleDocument = z.output<typeof role>
