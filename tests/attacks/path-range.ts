/**
 * A shooting range for paths: one gateway with a tenant of its own host for every server and every route table, people
 * who are signed in at all of them, and a judge. Also for long runs with a seed.
 */
import { bytesOf, openWire, type Wire, type WireAnswer } from '../http/wire.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { type ReadingServer, type ServerKind, servedBy, serverKinds, startReadingServer } from './reading-servers.ts'
import { mayHave, type Need, needOf, ownApplication, type RouteTable, routesYaml, routeTables } from './route-tables.ts'

export interface Shot {
  readonly kind: ServerKind
  readonly table: RouteTable
  /** As how much the caller counts: nobody, a person without the role, an administrator. */
  readonly caller: Need
  readonly method: string
  /** One character per byte. */
  readonly target: string
}

export interface Hit extends Shot {
  /** 0 where there was no answer. */
  readonly status: number
  /** What the application had needed for what it was sent; null where nothing reached it, or it refused the path itself. */
  readonly need: Need | null
  /** Whether the answer is the application's. */
  readonly reached: boolean
  /** Whether the caller got at more than is theirs. */
  readonly through: boolean
}

export interface PathRange {
  readonly stage: Stage
  shoot(shot: Shot): Promise<Hit>
  /** The same target at every server under every table, as each of the callers. */
  shootAll(method: string, target: string, callers?: readonly Need[]): Promise<readonly Hit[]>
  close(): Promise<void>
}

const people: Readonly<Record<Need, string | null>> = {
  public: null,
  'signed-in': 'uwe@contoso.example',
  admin: 'ada@contoso.example',
}

export async function startPathRange(): Promise<PathRange> {
  const servers = new Map<ServerKind, ReadingServer>()
  for (const kind of serverKinds) servers.set(kind, await startReadingServer[kind]())
  const stage = await startStage()
  const { port } = new URL(stage.origin)
  const lanes = serverKinds.flatMap((kind) => routeTables.map((table) => ({ kind, table })))
  const hostOf = ({ kind, table }: Pick<Shot, 'kind' | 'table'>) => `${kind}-${table.name}.localhost:${port}`
  const hosts = ['localhost', ...lanes.map(hostOf)]
  const redirectUris = hosts.map((host) => `http://${host}/.auth/callback`)
  stage.emulator.control.changeApplication({ redirectUris })
  const tenants = lanes.map((lane) => tenantYaml(lane, hostOf(lane), servers.get(lane.kind)?.origin ?? ''))
  stage.edit((yaml) => yaml.trimEnd() + tenants.join(''))

  const cookies = new Map<string, string>()
  for (const lane of lanes) {
    for (const [caller, username] of Object.entries(people)) {
      if (username !== null) cookies.set(`${hostOf(lane)} ${caller}`, await signedIn(hostOf(lane), username))
    }
  }
  const wires = new Map<string, Promise<Wire>>()
  const busy = new Map<string, Promise<unknown>>()

  /** One connection per host, kept as long as the gateway keeps it. */
  async function ask(host: string, bytes: string, method: string): Promise<WireAnswer | null> {
    const wire = await (wires.get(host) ?? openWire(stage.origin))
    wire.send(bytes)
    const answer = await wire.answer({ toHead: method === 'HEAD' })
    const lasts = answer !== null && wire.rest() === '' && !/^connection: *close/im.test(answer.head)
    if (lasts) wires.set(host, Promise.resolve(wire))
    else {
      wires.delete(host)
      wire.end()
    }
    return answer
  }

  async function fire(shot: Shot): Promise<Hit> {
    const { kind, table, caller, method, target } = shot
    const host = hostOf(shot)
    const cookie = cookies.get(`${host} ${caller}`)
    const lines = [`Host: ${host}`, ...(cookie === undefined ? [] : [`Cookie: ${cookie}`])]
    const sized = method === 'GET' || method === 'HEAD' ? lines : [...lines, 'Content-Length: 0']
    const answer = await ask(host, bytesOf(stage.origin, `${method} ${target}`, sized), method)
    const served = servedBy(kind, answer)
    const status = answer?.status ?? 0
    const need = served === null || served.readings.length === 0 ? null : needOf(table, served)
    // nginx and Apache answer 400 where they cannot read a path: then they have served nothing.
    const refusedThere = served !== null && status === 400
    const reached = served !== null
    return { ...shot, status, need, reached, through: need !== null && !refusedThere && !mayHave(caller, need) }
  }

  /** Shots at one host follow one another. */
  function shoot(shot: Shot): Promise<Hit> {
    const host = hostOf(shot)
    const turn = (busy.get(host) ?? Promise.resolve()).then(() => fire(shot))
    busy.set(
      host,
      turn.catch(() => {}),
    )
    return turn
  }

  return {
    stage,
    shoot,
    shootAll: (method, target, callers = ['public', 'signed-in']) =>
      Promise.all(lanes.flatMap((lane) => callers.map((caller) => shoot({ ...lane, caller, method, target })))),
    async close() {
      for (const wire of wires.values()) (await wire).end()
      await stage.close()
      for (const server of servers.values()) await server.stop()
    },
  }
}

async function signedIn(host: string, username: string): Promise<string> {
  const visitor = createVisitor()
  const origin = `http://${host}`
  await signIn(visitor, `${origin}/.auth/login?return_to=/public`, username)
  visitor.close()
  return visitor.cookies(origin).join('; ')
}

function tenantYaml({ kind, table }: Pick<Shot, 'kind' | 'table'>, host: string, upstream: string): string {
  // A name of its own, or the configuration would take it for one application with two prefixes.
  const routes = routesYaml(table, upstream.replace('127.0.0.1', 'localhost')).replaceAll(/^/gm, '      ')
  return `
  - name: ${kind}-${table.name}
    publicUrl: http://${host}
    providers: [contoso]
    roles:
      - { name: admin, groups: [4f9d2b6a-1c83-4e57-b0a9-7d6e5c4b3a21] }
      - { name: user, groups: [8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65] }
    upstream: { url: '${upstream}', host: ${ownApplication} }
    routes:
${routes}`
}
