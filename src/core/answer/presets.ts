/** Sets of identity headers that applications already understand, by the name that a configuration calls them. */

/** `user` is what the tenant's `headers.user` says; the others are claims or lists of the same name. */
export type PresetSource = 'user' | 'name' | 'email' | 'preferred_username' | 'groups' | 'roles'

export interface PresetHeader {
  readonly name: string
  readonly source: PresetSource
}

export const presets: Readonly<Record<'x-forwarded', readonly PresetHeader[]>> = {
  'x-forwarded': [
    { name: 'X-Forwarded-User', source: 'user' },
    { name: 'X-Forwarded-Email', source: 'email' },
    { name: 'X-Forwarded-Name', source: 'name' },
    { name: 'X-Forwarded-Groups', source: 'groups' },
    { name: 'X-Forwarded-Roles', source: 'roles' },
    { name: 'X-Forwarded-Preferred-Username', source: 'preferred_username' },
  ],
}
