/** Open WebSockets of signed-in people: a message now and then, and what comes back; reconnected when cut, as applications do. */
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Place } from './place.ts'
import type { Answer } from './steady-load.ts'

const [breath, patience] = [200, 3_000]

interface Person {
  readonly username: string
  readonly cookie: string
}

export function startPings(place: Place, people: readonly Person[], judge: (answer: Answer, user: string) => void) {
  let over = false

  async function loop({ username, cookie }: Person): Promise<void> {
    let socket: WebSocket | null = null
    while (!over) {
      const words = (ended: string, user = username) =>
        judge({ ended, echo: { application: true, user, bytes: 0 }, clears: false }, username)
      try {
        if (socket === null) socket = await open(place, cookie)
        else {
          const [user] = (await pinged(socket)).split(' ')
          words('echo', user)
        }
      } catch (error) {
        const ended = error instanceof Error ? error.message : 'failed'
        judge({ ended, echo: null, clears: false }, username)
        socket?.terminate()
        socket = null
      }
      await pause(breath)
    }
    socket?.terminate()
  }
  const running = people.map(loop)
  return {
    async stop() {
      over = true
      await Promise.all(running)
    },
  }
}

function open({ origin, roundRobin }: Place, cookie: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const { host } = new URL(origin)
    const socket = new WebSocket(`ws://127.0.0.1:${roundRobin.port}/socket`, {
      ...{ origin, headers: { cookie, host }, handshakeTimeout: patience },
    })
    socket.on('open', () => resolve(socket))
    socket.on('unexpected-response', (_request, response) => {
      response.resume()
      reject(new Error(String(response.statusCode)))
    })
    socket.on('error', (error: NodeJS.ErrnoException) => reject(new Error(error.code ?? 'no handshake')))
  })
}

function pinged(socket: WebSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer)
      socket.removeListener('message', heard)
      socket.removeListener('close', closed)
      settle()
    }
    const heard = (data: unknown) => end(() => resolve(String(data)))
    const closed = () => end(() => reject(new Error('cut')))
    const timer = setTimeout(() => end(() => reject(new Error('no echo'))), patience)
    if (socket.readyState !== WebSocket.OPEN) return closed()
    socket.on('message', heard)
    socket.on('close', closed)
    socket.send('ping')
  })
}
