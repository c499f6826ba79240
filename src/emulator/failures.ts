/** Failures of the endpoints that a gateway calls: planned one by one, or by counting requests as a throttle does. */
import type { RequestHandler } from 'express'
import type { Problem } from './errors.ts'

export const endpoints = ['discovery', 'keys', 'authorize', 'token', 'logout', 'graph', 'graph-batch-entry'] as const
export type Endpoint = (typeof endpoints)[number]

/** Endpoints that can be made to fail: those that the gateway itself calls. */
export type Service = Exclude<Endpoint, 'authorize' | 'logout'>

/**
 * What an endpoint does instead of its work. After a `delay` it does its work nevertheless. Graph words a `status` in its own
 * way, and with `challenge` as one of Continuous Access Evaluation; `only` picks the requests by a part of their path.
 */
export type Failure = { readonly only?: string } & (
  | {
      readonly kind: 'status'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly challenge?: boolean
    }
  | ({ readonly kind: 'aadsts'; readonly headers?: Readonly<Record<string, string>> } & Problem)
  | { readonly kind: 'garbage'; readonly body?: string; readonly contentType?: string }
  | { readonly kind: 'hang' }
  | { readonly kind: 'close' }
  | { readonly kind: 'delay'; readonly milliseconds: number }
)

/** So many requests are answered in so many seconds. */
export interface Throttle {
  readonly requests: number
  readonly seconds: number
}

export interface Failures {
  /** Makes the next requests fail. */
  plan(endpoint: Service, failure: Failure, times: number): void
  /** Answers more requests than these with 429 until the time is over; null for no limit. */
  throttle(endpoint: Service, limit: Throttle | null): void
  /** Counts the request, and gives what is to happen in place of the work; null for nothing. */
  take(endpoint: Endpoint, path: string): Failure | null
  /** Requests that the endpoint has had, failed ones too. */
  requests(endpoint: Endpoint): number
  /** Forgets what has not happened yet, and every limit. */
  forget(): void
}

/** @param now seconds since 1970 */
export function createFailures(now: () => number): Failures {
  const counts = new Map<Endpoint, number>()
  const throttles = new Map<Endpoint, { readonly limit: Throttle; from: number; seen: number }>()
  let plans: { readonly endpoint: Endpoint; readonly failure: Failure; left: number }[] = []

  function throttled(endpoint: Endpoint): Failure | null {
    const throttle = throttles.get(endpoint)
    if (throttle === undefined) return null
    const { requests, seconds } = throttle.limit
    if (now() >= throttle.from + seconds) Object.assign(throttle, { from: now(), seen: 0 })
    throttle.seen += 1
    if (throttle.seen <= requests) return null
    const headers = { 'Retry-After': String(Math.ceil(throttle.from + seconds - now())) }
    return endpoint === 'token' ? { kind: 'aadsts', code: 90055, headers } : { kind: 'status', status: 429, headers }
  }

  return {
    plan(endpoint, failure, times) {
      plans.push({ endpoint, failure, left: times })
    },
    throttle(endpoint, limit) {
      if (limit === null) throttles.delete(endpoint)
      else throttles.set(endpoint, { limit, from: now(), seen: 0 })
    },
    take(endpoint, path) {
      counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1)
      const planned = plans.find((plan) => plan.endpoint === endpoint && plan.left > 0 && fits(plan.failure, path))
      if (planned === undefined) return throttled(endpoint)
      planned.left -= 1
      return planned.failure
    },
    requests: (endpoint) => counts.get(endpoint) ?? 0,
    forget() {
      plans = []
      throttles.clear()
    },
  }
}

function fits({ only }: Failure, path: string): boolean {
  return only === undefined || path.toLowerCase().includes(only.toLowerCase())
}

/** What stands before the service answers with a page, whatever was asked for. */
export const unavailable = '<!DOCTYPE html><title>Sorry</title><p>The service is unavailable.'

/** Does in the place of an endpoint what was planned. */
export function happen(failure: Failure, answerProblem: (problem: Problem) => RequestHandler): RequestHandler {
  return (request, response, next) => {
    switch (failure.kind) {
      case 'status':
        response.status(failure.status).set({ ...failure.headers })
        return response.type('html').send(unavailable)
      case 'aadsts':
        response.set({ ...failure.headers })
        return answerProblem(failure)(request, response, next)
      case 'garbage':
        return response.type(failure.contentType ?? 'application/json').send(failure.body ?? '{"half": ')
      case 'hang':
        return undefined
      case 'close':
        return request.socket.destroy()
      case 'delay':
        return setTimeout(next, failure.milliseconds)
      default:
        return failure satisfies never
    }
  }
}
