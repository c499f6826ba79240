/** What much of a thing costs: ten thousand idle WebSockets through one gateway, and a hundred thousand sessions in memory. */
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createMemoryStore } from '../../src/session/store-memory.ts'
import { createCrew } from '../bench/processes.ts'
import { until } from '../redis.ts'
import { type GatewayProcess, openPlace, type Place, people } from './place.ts'

interface ResourceOptions {
  readonly json: boolean
  readonly progress: (text: string) => void
}

interface Row {
  readonly what: string
  readonly measured: number
  readonly most: number
  readonly unit: string
}

const [wantedSockets, sessions] = [10_000, 100_000]

/** @returns whether all is below what it may be. */
export async function resources({ json, progress }: ResourceOptions): Promise<boolean> {
  progress(`${sessions.toLocaleString('en')} sessions in memory`)
  const rows = [...(await memoryOfSessions()), ...(await idleSockets(progress))]
  const line = ({ what, measured, most, unit }: Row) =>
    `${what.padEnd(58)} ${measured.toFixed(2).padStart(10)} ${unit.padEnd(4)} of at most ${most} ${unit}`
  process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : `${rows.map(line).join('\n')}\n`)
  return rows.every(({ measured, most }) => measured <= most)
}

async function memoryOfSessions(): Promise<readonly Row[]> {
  const crew = createCrew()
  try {
    const { message } = await crew.own('memory.ts', [String(sessions)], ['--expose-gc'])
    const each = (message.bytesPerSession ?? Number.NaN) / 1_024
    return [
      { what: `memory per session, of ${sessions.toLocaleString('en')}`, measured: each, most: 2, unit: 'KB' },
      await evicted(),
    ]
  } finally {
    await crew.end()
  }
}

/** More sessions than the store may hold: those that were unused longest go. */
async function evicted(): Promise<Row> {
  const silent = { info() {}, warn() {}, error() {} }
  const store = createMemoryStore({ maxSessions: sessions, clock: () => Date.now() / 1_000, log: silent })
  const record = {
    facts: 'f',
    tokens: 't',
    stub: 's',
    ttlSeconds: 600,
    names: ['all'],
    endsAt: Date.now() / 1_000 + 600,
  }
  const all = sessions * 1.1
  for (let n = 0; n < all; n += 1) await store.create(`key-${n}`, record)
  let wrong = 0
  for (let n = 0; n < all; n += 1) if (((await store.read(`key-${n}`)) !== null) !== n >= all - sessions) wrong += 1
  await store.close()
  const what = `sessions of ${all.toLocaleString('en')} that should be gone, or there`
  return { what, measured: wrong, most: 0, unit: '' }
}

async function idleSockets(progress: (text: string) => void): Promise<readonly Row[]> {
  // Each takes two descriptors of the gateway: one to the caller and one to the application.
  const descriptors = Number(execFileSync('/bin/sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }))
  const many = Math.min(wantedSockets, Math.floor((descriptors - 200) / 2))
  if (many < wantedSockets) progress(`only ${many} WebSockets: a process may have ${descriptors} descriptors here`)
  const upstream = fork(fileURLToPath(new URL('idle-upstream.ts', import.meta.url)))
  const [{ port }] = (await once(upstream, 'message')) as [{ readonly port: number }]
  const server = ', limits: { webSockets: 20000, openPerPerson: 20000 }'
  const place = await openPlace({ redis: 'none', gateways: 1, server, upstreamPort: port })
  const sockets: Socket[] = []
  try {
    const [gateway] = place.gateways
    if (gateway === undefined) throw new Error('this place has no gateway')
    const cookies = await signInMany(place, 40)
    await openMany(place, gateway, { cookies, many: 200, sockets })
    const before = await resident(gateway)
    await openMany(place, gateway, { cookies, many, sockets })
    progress(`${sockets.length} WebSockets are open`)
    await pause(2_000)
    const perSocket = ((await resident(gateway)) - before) / (many - 200) / 1_024
    const cpu = await idleCpu(gateway)
    const open = sockets.filter((each) => !each.destroyed).length
    const startedAt = performance.now()
    const code = await gateway.end('SIGTERM')
    await until('all have ended', () => sockets.every((each) => each.destroyed), 5_000)
    const drained = (performance.now() - startedAt) / 1_000
    return [
      { what: `memory per idle WebSocket, of ${many.toLocaleString('en')}`, measured: perSocket, most: 40, unit: 'KB' },
      { what: 'CPU while they are idle', measured: cpu, most: 5, unit: '%' },
      { what: 'of them ended before the gateway did', measured: many - open, most: 0, unit: '' },
      { what: 'until all had ended, told to drain in 10 s', measured: drained, most: 15, unit: 's' },
      { what: 'exit code', measured: code ?? 1, most: 0, unit: '' },
    ]
  } finally {
    for (const each of sockets) each.destroy()
    await place.close()
    upstream.disconnect()
  }
}

async function signInMany(place: Place, many: number): Promise<readonly string[]> {
  const cookies: string[] = []
  for (let n = 0; n < many; n += 1) cookies.push(await place.signIn(people[n % people.length]?.username ?? ''))
  return cookies
}

interface Opening {
  readonly cookies: readonly string[]
  readonly many: number
  readonly sockets: Socket[]
}

/** Without a library: ten thousand of its objects would weigh on the one who measures. */
async function openMany(
  { origin }: Place,
  gateway: GatewayProcess,
  { cookies, many, sockets }: Opening,
): Promise<void> {
  const { host } = new URL(origin)
  const open = async (cookie: string) => {
    const socket = connect(gateway.port, '127.0.0.1')
    socket.on('error', () => socket.destroy())
    const head = [
      'GET /socket HTTP/1.1',
      `Host: ${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      `Origin: ${origin}`,
    ]
    head.push('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', `Cookie: ${cookie}`)
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    const line = answer.toString('latin1').split('\r\n')[0]
    if (line?.includes(' 101 ') !== true) throw new Error(`no WebSocket: ${line}`)
    socket.on('end', () => socket.destroy())
    socket.resume()
    sockets.push(socket)
  }
  while (sockets.length < many) {
    const next = Math.min(100, many - sockets.length)
    await Promise.all(
      Array.from({ length: next }, (_, n) => open(cookies[(sockets.length + n) % cookies.length] ?? '')),
    )
  }
}

async function resident(gateway: GatewayProcess): Promise<number> {
  return (await gateway.metric('process_resident_memory_bytes')) ?? Number.NaN
}

/** In percent of a core. */
async function idleCpu(gateway: GatewayProcess): Promise<number> {
  const [seconds, name] = [5, 'process_cpu_seconds_total']
  const before = (await gateway.metric(name)) ?? Number.NaN
  await pause(seconds * 1_000)
  return ((((await gateway.metric(name)) ?? Number.NaN) - before) / seconds) * 100
}
