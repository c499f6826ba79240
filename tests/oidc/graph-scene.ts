/** The pretend Graph with a person's token for it, and servers that answer in its place. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CustomFetch } from 'openid-client'
import { Fault } from '../../src/core/fault.ts'
import type { GraphQuestions } from '../../src/core/identity/graph-questions.ts'
import type { Emulator } from '../../src/emulator/emulator.ts'
import { createGraph } from '../../src/oidc/graph.ts'
import type { GraphToken } from '../../src/oidc/graph-call.ts'
import { createBrowser, redeem, signIn } from '../emulator/client.ts'

/** The platform's own: these tests are not about the way out. */
export const ask: CustomFetch = (url, options) => fetch(url, options as RequestInit)

export function at(origin: string, accessToken = 'a-token'): GraphToken {
  return { access: { base: `${origin}/v1.0`, scopePrefix: '' }, accessToken }
}

/** A token for Graph, as a sign-in with these scopes brings it. */
export async function tokenOf(emulator: Emulator, username: string, scope = 'openid User.Read'): Promise<GraphToken> {
  const code = await signIn(createBrowser(), emulator.origin, username, { scope })
  const { body } = await redeem(emulator.origin, code)
  return at(emulator.origin, String(body.access_token))
}

/** Asks, and gives what a test can compare: the answers, or the code of the fault and what its cause says. */
export async function findings(token: GraphToken, questions: Partial<GraphQuestions>, patience = 10_000) {
  const graph = createGraph({ ask, patience })
  try {
    const { memberships, properties } = await graph(token, { memberships: [], properties: [], ...questions })
    return { memberships: memberships === null ? null : [...memberships], properties }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { fault: error.code, cause: String(error.cause) }
  }
}

export interface Impostor {
  readonly origin: string
  /** `METHOD path`, in order. */
  readonly asked: readonly string[]
  close(): void
}

/** A server in the place of Graph. */
export async function impostor(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<Impostor> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => answer(request, response, body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

export function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** `count` ids that are nobody's, each another one. */
export function strangers(count: number, from = 0): readonly string[] {
  return Array.from(
    { length: count },
    (_, place) => `eeeeeeee-0000-4000-8000-${String(from + place).padStart(12, '0')}`,
  )
}
