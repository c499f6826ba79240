/**
 * How the answers and flags of `sallyport init` are read that no setting is like: ids with what they were pasted in,
 * roles, places.
 */
import { basename } from 'node:path'
import { isGuid, readPasted } from '../config/pasted.ts'
import { variablePrefix } from '../config/tenant-secrets.ts'
import { type Reading, readGuid, readRoleName, readText } from '../config/values.ts'
import { personalDirectory } from '../core/identity/authority.ts'

/** @param tenant the name that the file must have; null where any will do. */
export function readOut(text: string, tenant: string | null): Reading<string> {
  const fits = tenant === null || [`${tenant}.yaml`, `${tenant}.yml`].includes(basename(text))
  return fits ? readText(text) : { problem: `a tenant file has the name of its tenant: ${tenant}.yaml` }
}

/** Whose accounts get in: an id, or an address that has one. */
export function readAllowed(text: string): Reading<string> {
  const found = readPasted(text)
  if ('problem' in found) return found
  const { tenantId } = found.value
  if (tenantId === 'consumers') return { value: personalDirectory }
  return isGuid(tenantId) ? { value: tenantId } : { problem: 'only the id of a directory, a GUID, has a place here' }
}

/** The id itself, or an address of a sign-in that has it. */
export function readClientId(text: string): Reading<string> {
  if (isGuid(text.trim())) return readGuid(text.trim())
  const found = readPasted(text)
  if ('value' in found && found.value.clientId !== null) return { value: found.value.clientId }
  return { problem: 'this is not an Application (client) ID, which is a GUID' }
}

/** @param tenant whose file it will stand in: there only variables of its own may be named; null in the operator's. */
export function readVariable(text: string, tenant: string | null): Reading<string> {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,200}$/.test(text)) return { problem: 'this is not the name of a variable' }
  const prefix = tenant === null ? '' : variablePrefix(tenant)
  return text.startsWith(prefix)
    ? { value: `\${env:${text}}` }
    : { problem: `in a tenant file only variables that begin with ${prefix} can be named` }
}

export function readFilePath(text: string): Reading<string> {
  return /[{}]/.test(text) ? { problem: 'braces have no place here' } : readText(text)
}

/** `admin=<group>` → both. The last equals sign counts: a role may have one in its name. */
export function readPair(text: string): Reading<readonly [string, string]> {
  const at = text.lastIndexOf('=')
  return at > 0 && at < text.length - 1
    ? { value: [text.slice(0, at).trim(), text.slice(at + 1).trim()] }
    : { problem: 'this is not role=value, such as admin=aaaaaaaa-1111-2222-3333-444444444444' }
}

/** As the flags have it. */
export interface RoleGiven {
  readonly roleGroup: readonly string[]
  readonly roleAppRole: readonly string[]
}

/** A role as people answer it: what gives it is a group by its id, or else the value of an app role. */
export function readRole(text: string): Reading<RoleGiven> {
  const found = readPair(text)
  if ('problem' in found) return found
  const [role, value] = found.value
  const name = readRoleName(role)
  if ('problem' in name) return name
  const pair = [`${role}=${value}`]
  return { value: isGuid(value) ? { roleGroup: pair, roleAppRole: [] } : { roleGroup: [], roleAppRole: pair } }
}
