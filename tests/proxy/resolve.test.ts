/** Names of upstreams: what they may resolve to, over real sockets with a resolver of the test's own. */
import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { get } from 'node:http'
import { test } from 'vitest'
import { createAgents } from '../../src/proxy/agents.ts'
import type { Resolve } from '../../src/proxy/resolve.ts'
import { startUpstream, upstreamAt } from './stand-ins.ts'

/** Answers for every name, in the form that is asked for. */
function resolvingTo(...addresses: readonly string[]): Resolve {
  const found: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  return ((_name: string, options: { readonly all?: boolean }, done: (...answer: unknown[]) => void) => {
    if (options.all === true) done(null, found)
    else done(null, found[0]?.address, found[0]?.family)
  }) as unknown as Resolve
}

function ask(port: number, resolve: Resolve): Promise<string> {
  const { shared, target } = createAgents(resolve).to(upstreamAt(port, { hostname: 'app.internal' }))
  return new Promise((done) => {
    const request = get({ ...target, agent: shared, path: '/' }, (answer) => {
      answer.resume()
      done(`status ${answer.statusCode}`)
    })
    request.on('error', (error: NodeJS.ErrnoException) => done(`${error.code}: ${error.message}`))
  })
}

test('an upstream whose name resolves to an ordinary address is reached', async () => {
  const upstream = await startUpstream((_request, response) => response.end('ok'))
  assert.equal(await ask(upstream.port, resolvingTo('127.0.0.1')), 'status 200')
})

for (const addresses of [
  ['169.254.169.254'],
  ['fe80::1'],
  ['fe80::1%eth0'],
  ['::ffff:169.254.169.254'],
  ['fd00:ec2::254'],
  ['127.0.0.1', '169.254.169.254'],
]) {
  test(`an upstream whose name resolves to ${addresses.join(' and ')} is not asked (T125)`, async () => {
    const upstream = await startUpstream((_request, response) => response.end('ok'))
    const answer = await ask(upstream.port, resolvingTo(...addresses))
    assert.match(answer, /^EACCES: app\.internal resolves to a link-local or metadata address/)
  })
}
