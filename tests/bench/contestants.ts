/** The five that are compared, each in a process of its own, in front of the same upstream. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { NewPerson } from '../../src/emulator/directory.ts'
import { freePort } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { applicationCookie, benchYaml, fiftyGroups, manyGroups, oneGroup } from './configuration.ts'
import type { Crew } from './processes.ts'

export type Letter = 'a' | 'b' | 'c' | 'd' | 'e'

export interface Contestant {
  readonly letter: Letter
  readonly label: string
  readonly pid: number
  readonly port: number
  /** Where the load goes. */
  readonly path: string
  /** Of a signed-in person; for the bare ones some cookie of that size, so that all get the same bytes. */
  readonly cookie: string
}

export interface Surroundings {
  readonly crew: Crew
  readonly folder: string
  readonly upstream: string
  readonly authority: string
  /** Null where there is no Redis on this machine. */
  readonly redisUrl: string | null
  /** For a profile. */
  readonly nodeOptions?: (letter: Letter) => readonly string[]
}

const somebodysCookie = `__Host-sid=s%3A${'x'.repeat(66)}`

export async function startContestants(
  around: Surroundings,
  wanted: readonly Letter[],
): Promise<readonly Contestant[]> {
  const started: Contestant[] = []
  for (const letter of wanted) {
    if (letter === 'd' && around.redisUrl === null) continue
    started.push(await starters[letter](around))
  }
  return started
}

const starters: Readonly<Record<Letter, (around: Surroundings) => Promise<Contestant>>> = {
  a: (around) => startBare(around, { letter: 'a', label: 'bare Node http proxy', file: 'bare-node.ts' }),
  b: (around) => startBare(around, { letter: 'b', label: 'bare http-proxy-middleware', file: 'bare-proxy.ts' }),
  c: (around) =>
    startGateway(around, {
      ...{ letter: 'c', label: 'Sallyport, signed in, memory', path: '/reports/today' },
      ...{ store: '{ type: memory }', person: oneGroup, groups: 1 },
    }),
  d: (around) =>
    startGateway(around, {
      ...{ letter: 'd', label: 'Sallyport, signed in, Redis, 50 groups', path: '/reports/today' },
      ...{ store: `{ type: redis, url: '${around.redisUrl}' }`, person: manyGroups, groups: fiftyGroups.length },
    }),
  e: (around) =>
    startGateway(around, {
      ...{ letter: 'e', label: 'Sallyport, public route', path: '/public/today' },
      ...{ store: '{ type: memory }', person: oneGroup, groups: 1 },
    }),
}

interface Bare {
  readonly letter: Letter
  readonly label: string
  readonly file: string
}

async function startBare(
  { crew, upstream, nodeOptions }: Surroundings,
  { letter, label, file }: Bare,
): Promise<Contestant> {
  const { pid, message } = await crew.own(file, [upstream], nodeOptions?.(letter))
  return {
    letter,
    label,
    pid,
    port: message.port ?? 0,
    path: '/reports/today',
    cookie: `${somebodysCookie}; ${applicationCookie}`,
  }
}

interface Fronted {
  readonly letter: Letter
  readonly label: string
  readonly path: string
  readonly store: string
  readonly person: NewPerson
  /** How many groups the application must be told. */
  readonly groups: number
}

async function startGateway(around: Surroundings, wanted: Fronted): Promise<Contestant> {
  const { crew, folder, upstream, authority } = around
  const { letter, label, path, store, person, groups } = wanted
  const [port, managementPort] = [await freePort(), await freePort()]
  const file = join(folder, `${letter}.yaml`)
  writeFileSync(file, benchYaml({ port, managementPort, upstream, authority, store }))
  const member = crew.gateway(file, around.nodeOptions?.(letter))
  await untilReady(`http://127.0.0.1:${managementPort}/readyz`, member.lastWords)
  const cookie = await signedInCookie(`http://localhost:${port}`, person.username, groups)
  return { letter, label, pid: member.pid, port, path, cookie }
}

/** Polls until the gateway says that it is ready. Throws after ten seconds with what it wrote. */
export async function untilReady(url: string, lastWords: () => string): Promise<void> {
  const deadline = performance.now() + 10_000
  while (performance.now() < deadline) {
    const ready = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    )
    if (ready) return
    await pause(5)
  }
  throw new Error(`The gateway did not get ready: ${lastWords()}`)
}

/** Signs in as a person would, and makes sure that the application is told what is to be measured. */
async function signedInCookie(origin: string, username: string, groups: number): Promise<string> {
  const visitor = createVisitor()
  try {
    const reply = await signIn(visitor, `${origin}/look`, username)
    const told = JSON.parse(reply.body) as Record<string, string>
    const count = told['x-forwarded-groups']?.split(',').length
    if (reply.status !== 200 || count !== groups) throw new Error(`${username}: ${reply.status}, ${count} groups`)
    // With the session that most applications have of their own, bound as they are.
    const cookies = visitor.cookies(origin).filter((each) => /^(?:__Host-sid|JSESSIONID)=/.test(each))
    const again = JSON.parse((await visitor.ask(`${origin}/look`)).body) as Record<string, string>
    if (again.cookie !== applicationCookie) throw new Error(`${username}: the application got ${again.cookie}`)
    return cookies.join('; ')
  } finally {
    visitor.close()
  }
}
