/** What can happen to the application behind the gateway. */
import type { Fault } from './fault.ts'
import type { Right } from './ordinary.ts'
import type { Wish } from './place.ts'

const wish = { redis: 'plain', gateways: 2 } as const satisfies Wish

/** Everything that reaches the application ends so; everything else stays as it is. */
const reaching = (words: readonly string[], socket: readonly string[], signIn: readonly string[]): Right => ({
  ...{ data: words, page: words, upload: words, public: words },
  ...{ socket, 'sign-in': signIn },
})

const gone = ['502 upstream_unreachable']
const halved = ['broken off', 'broken off (ECONNRESET)']

export const upstreamFaults: readonly Fault[] = [
  {
    name: 'upstream-refuses',
    what: 'the application is not there',
    ...{ wish, right: reaching(gone, ['cut', '502'], ['502']), losesNothing: true },
    begin: ({ upstream }) => upstream.stop(),
    end: ({ upstream }) => upstream.start(),
  },
  {
    name: 'upstream-hangs',
    what: 'the application takes requests and does not answer',
    ...{ wish, right: reaching(['504 upstream_timeout'], [], ['504']), losesNothing: true, seconds: 6 },
    begin: ({ upstream }) => upstream.set('hang'),
    end: ({ upstream }) => upstream.set('answer'),
  },
  {
    name: 'upstream-resets',
    what: 'the application breaks its answers off in the middle; callers see that they are not whole',
    ...{ wish, right: reaching(halved, [], halved.concat('ECONNRESET')), losesNothing: true },
    begin: ({ upstream }) => upstream.set('reset-mid-body'),
    end: ({ upstream }) => upstream.set('answer'),
  },
  {
    name: 'upstream-restarts',
    what: 'the application restarts three times',
    ...{ wish, right: reaching([...gone, ...halved], ['cut', '502'], ['502']), losesNothing: true, seconds: 1 },
    async begin({ upstream }) {
      for (let times = 0; times < 3; times += 1) {
        await upstream.stop()
        await new Promise((resolve) => setTimeout(resolve, 300))
        await upstream.start()
        await new Promise((resolve) => setTimeout(resolve, 500))
      }
    },
    end: () => {},
  },
]
