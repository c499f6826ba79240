/** The way out: how requests of our own reach providers, through the operator's proxy and with the authorities that he trusts. */
import { getCACertificates } from 'node:tls'
import type { CustomFetch } from 'openid-client'
import type { Dispatcher, RequestInit } from 'undici'
import type { EgressSettings } from '../core/gateway.ts'

export interface Egress {
  /** To providers. Rejects with a TypeError as the platform's own does; redirects are followed only where the caller says so. */
  readonly fetch: CustomFetch
  /** To the machine's own identity service: never through a proxy, which would then be told who this machine is. */
  readonly direct: CustomFetch
  /** Ends idle connections; requests under way finish. */
  close(): void
}

/** Until a connection stands, TLS and tunnel included; the whole of a request is bounded by its caller's signal. */
const connectMilliseconds = 5_000
/** On this machine there is no proxy between: to the proxy, `localhost` is another machine. */
const thisMachine = ['localhost', '127.0.0.1', '::1'] as const

type Library = typeof import('undici')

/** @param settings those in force; a change takes effect with the next request. */
export function createEgress(settings: () => EgressSettings): Egress {
  let made: { readonly by: EgressSettings; readonly dispatcher: Dispatcher } | null = null
  let direct: Dispatcher | null = null
  // Loaded when somebody is asked: it takes a tenth of a second, which the start and `check` need not wait for.
  const library = () => import('undici')

  function dispatcher(loaded: Library): Dispatcher {
    const now = settings()
    if (made?.by !== now) {
      void made?.dispatcher.close()
      made = { by: now, dispatcher: dispatcherFor(now, loaded) }
    }
    return made.dispatcher
  }

  return {
    async fetch(url, options) {
      const loaded = await library()
      return await ask(loaded, url, options, dispatcher(loaded))
    },
    async direct(url, options) {
      const loaded = await library()
      direct ??= new loaded.Agent({ allowH2: false, connect: { timeout: connectMilliseconds } })
      return await ask(loaded, url, options, direct)
    },
    close() {
      void made?.dispatcher.close()
      void direct?.close()
      made = null
      direct = null
    },
  }
}

function dispatcherFor({ proxy, noProxy, ca }: EgressSettings, { Agent, EnvHttpProxyAgent }: Library): Dispatcher {
  // A list of one's own replaces the one that Node would use, so that one goes in too, with NODE_EXTRA_CA_CERTS.
  const trust = ca === null ? {} : { ca: [...getCACertificates('default'), ca] }
  const connect = { timeout: connectMilliseconds, ...trust }
  if (proxy === null) return new Agent({ allowH2: false, connect })
  return new EnvHttpProxyAgent({
    // Each said, since what is left out comes from the environment.
    ...{ httpProxy: proxy.reveal(), httpsProxy: proxy.reveal(), noProxy: [...thisMachine, ...noProxy].join(',') },
    ...{ allowH2: false, connect, requestTls: trust, proxyTls: trust, connectTimeout: connectMilliseconds },
  })
}

/** The library's fetch rather than Node's: a dispatcher fits only the fetch of its own version, and Node's differs by release. */
async function ask(
  { fetch }: Library,
  url: string,
  options: Parameters<CustomFetch>[1],
  dispatcher: Dispatcher,
): Promise<Response> {
  const response = await fetch(url, { ...(options as RequestInit), dispatcher })
  return response as unknown as Response
}
