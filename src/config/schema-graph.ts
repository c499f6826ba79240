/**
 * The settings of what Microsoft Entra is asked beside the sign-in itself: further scopes, groups that it leaves out,
 * Graph.
 */
import { z } from 'zod'
import { readEntraScope } from './entra-scopes.ts'
import { text } from './schema-kinds.ts'
import { readGraphOrigin } from './urls.ts'

export const directoryKeys = {
  scopes: z
    .array(text(readEntraScope, { allowed: 'a permission such as Mail.Read', placeholder: 'User.Read' }))
    .prefault([])
    .meta({
      description:
        'What is asked for beside `openid profile email`, and beside `User.Read`, which is asked for by itself where it is needed. All of one resource; people or an administrator must consent to it.',
      examples: [['GroupMember.Read.All']],
    }),
  groupNames: z.enum(['ids', 'emitted']).default('ids').meta({
    description:
      'How tokens name groups: `ids`, by object id, as is usual; `emitted`, by the names that the app registration says (sAMAccountName, display name), which whoever may create groups can give to another group too.',
  }),
  overage: z.enum(['graph', 'refuse']).default('graph').meta({
    description:
      'What becomes of people in more than 200 groups, which Entra then leaves out of the token: `graph`, Microsoft Graph is asked for those groups that the configuration names; `refuse`, they cannot sign in where roles depend on groups.',
  }),
  graph: text(readGraphOrigin, {
    allowed: 'cloud, or an origin such as https://graph.microsoft.com; http only on localhost',
    placeholder: 'https://placeholder.invalid',
  })
    .prefault('cloud')
    .meta({ description: 'Origin of Microsoft Graph: `cloud`, that of the cloud. Requests go to `/v1.0` below it.' }),
}
