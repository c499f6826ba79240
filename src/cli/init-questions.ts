/** The questions of `sallyport init`, for what no flag says; each is asked again until its answer can be used. */
import { type Pasted, readPasted } from '../config/pasted.ts'
import { readPublicUrl, readUpstreamUrl } from '../config/urls.ts'
import { type Reading, readName } from '../config/values.ts'
import { fileFor, type Given, nameFor, needsAllowed } from './init-answers.ts'
import { type RoleGiven, readAllowed, readClientId, readOut, readRole } from './init-readers.ts'

export interface Terminal {
  /** @returns what was typed, without blanks around it. Rejects when the person ends it. */
  ask(question: string): Promise<string>
  say(line: string): void
  /** Whether a file is there that must stay as it is. */
  isTaken(file: string): boolean
}

/** @returns the same with all that was answered, as it was typed; what flags say is not asked for. */
export async function askFor(given: Given, terminal: Terminal): Promise<Given> {
  const publicUrl =
    given.publicUrl ??
    (await answer(
      terminal,
      'Where do people open the application? (such as https://payroll.contoso.com)',
      readPublicUrl,
    ))
  const suggested = nameFor(given, read(publicUrl, readPublicUrl)?.origin)
  const name =
    given.name ??
    (await answer(terminal, 'What is it to be called here? (small letters, digits and hyphens)', readName, suggested))
  const upstream =
    given.upstream ??
    (await answer(terminal, 'Where does the application listen? (such as http://127.0.0.1:9000)', readUpstreamUrl))
  const named = { ...given, publicUrl, name, upstream }
  const provider = given.provider === undefined ? await askForDirectory(named, terminal) : {}
  const roles = await askForRoles(named, terminal)
  const out = given.out ?? (await answer(terminal, 'Which file?', readFree(named, terminal), fileFor(named, name)))
  return { ...named, ...provider, ...roles, out }
}

async function askForDirectory(given: Given, terminal: Terminal): Promise<Partial<Given>> {
  const directory =
    given.directory ??
    (await answer(
      terminal,
      'Which directory? (its id or a domain; or paste an issuer or an address of a sign-in)',
      readPasted,
    ))
  const found = read(directory, readPasted)
  const allowedDirectory = await askForAllowed(given, found, terminal)
  const known = given.clientId ?? found?.clientId ?? undefined
  const clientId =
    known ??
    (await answer(
      terminal,
      'Application (client) ID? (empty if it is not registered yet)',
      orNothing(readClientId),
      '',
    ))
  return { directory, allowedDirectory, ...(clientId === '' ? {} : { clientId }) }
}

/** As many as there are; at least one where more than one directory can answer. */
async function askForAllowed(
  given: Given,
  directory: Pasted | undefined,
  terminal: Terminal,
): Promise<readonly string[]> {
  if (directory === undefined || !needsAllowed(directory) || given.allowedDirectory.length > 0)
    return given.allowedDirectory
  const allowed = [await answer(terminal, 'Accounts of which directory may sign in? (its id)', readAllowed)]
  for (;;) {
    const next = await answer(terminal, 'Of which other one? (empty if there is none)', orNothing(readAllowed), '')
    if (next === '') return allowed
    allowed.push(next)
  }
}

async function askForRoles(given: Given, terminal: Terminal): Promise<RoleGiven> {
  let { roleGroup, roleAppRole } = given
  if (roleGroup.length + roleAppRole.length > 0) return { roleGroup, roleAppRole }
  terminal.say('Roles, the highest first, such as admin=<Object ID of a group> or admin=<value of an app role>.')
  for (;;) {
    const text = await answer(terminal, 'Role and what gives it? (empty if there is none)', orNothing(readRole), '')
    const role = text === '' ? undefined : read(text, readRole)
    if (role === undefined) return { roleGroup, roleAppRole }
    roleGroup = [...roleGroup, ...role.roleGroup]
    roleAppRole = [...roleAppRole, ...role.roleAppRole]
  }
}

/** Where the file can be written: else all answers would have been for nothing. */
function readFree({ tenantFile, name = '' }: Given, terminal: Terminal): (text: string) => Reading<string> {
  return (text) => {
    const found = readOut(text, tenantFile ? name : null)
    return terminal.isTaken(text) ? { problem: 'this file is there already, and stays as it is' } : found
  }
}

/** @param preset what an empty answer stands for. */
async function answer(
  terminal: Terminal,
  question: string,
  reader: (text: string) => Reading<unknown>,
  preset?: string,
): Promise<string> {
  for (;;) {
    const typed = await terminal.ask(preset ? `${question} [${preset}]: ` : `${question} `)
    const text = typed === '' && preset !== undefined ? preset : typed
    const found = reader(text)
    if ('value' in found) return text
    terminal.say(`  ${found.problem}`)
  }
}

function orNothing(reader: (text: string) => Reading<unknown>): (text: string) => Reading<unknown> {
  return (text) => (text === '' ? { value: null } : reader(text))
}

/** Of what is known to be right; and of a flag that is not, which is told in the end. */
function read<T>(text: string, reader: (text: string) => Reading<T>): T | undefined {
  const found = reader(text)
  return 'value' in found ? found.value : undefined
}
