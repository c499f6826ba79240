/** What can happen to the provider, while people sign in and their sessions are due to be asked about. */
import type { Fault } from './fault.ts'
import type { Right } from './ordinary.ts'
import type { Wish } from './place.ts'
import type { ProviderMode } from './provider-door.ts'

const wish = { redis: 'plain', gateways: 2 } as const satisfies Wish

/**
 * Nobody who is signed in notices. A sign-in cannot be finished: the browser is at the provider for most of it, and sees
 * there what the provider does, or has an answer of ours that says so.
 */
const away = (...atTheProvider: readonly string[]): Right => ({
  'strange page': ['503 provider_unreachable'],
  'sign-in': ['502', '503', ...atTheProvider],
})

function fault(name: string, what: string, mode: ProviderMode, right: Right, seconds?: number): Fault {
  return {
    ...{ name, what, wish, right, losesNothing: true, dueSessions: true },
    ...(seconds === undefined ? {} : { seconds }),
    begin: ({ provider }) => provider.set(mode),
    end: ({ provider }) => provider.set({ does: 'pass' }),
  }
}

export const providerFaults: readonly Fault[] = [
  fault('provider-down', 'the provider resets every connection', { does: 'reset' }, away('ECONNRESET')),
  fault(
    'provider-hangs',
    'the provider takes requests and does not answer',
    { does: 'hang' },
    away('no answer', 'ECONNRESET'),
    10,
  ),
  fault(
    'provider-slow',
    'the provider takes a second and a half for everything',
    { does: 'delay', milliseconds: 1_500 },
    {},
    8,
  ),
  fault('provider-garbage', 'the provider answers 200 with nonsense', { does: 'garbage' }, away('200')),
  fault(
    'provider-throttles',
    'the provider answers 429',
    { does: 'status', status: 429, headers: { 'Retry-After': '2' } },
    away('429'),
  ),
  fault('provider-broken', 'the provider answers 500', { does: 'status', status: 500 }, away('500')),
]
