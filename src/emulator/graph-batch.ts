/** A JSON batch of Graph, read: up to twenty calls in one. */
import type { GraphCall } from './graph-answers.ts'

const batchLimit = 20

export interface BatchEntry {
  readonly id: string
  readonly call: GraphCall
}

/** Null where it is no batch: not a list of requests with ids of their own, or too long a one. */
export function readBatch(body: unknown, origin: string): readonly BatchEntry[] | null {
  const requests: unknown = member(body, 'requests')
  if (!Array.isArray(requests) || requests.length === 0 || requests.length > batchLimit) return null
  const entries = requests.map((request) => readEntry(request, origin))
  const read = entries.filter((entry) => entry !== null)
  const unique = new Set(read.map(({ id }) => id)).size === requests.length
  return read.length === requests.length && unique ? read : null
}

function readEntry(request: unknown, origin: string): BatchEntry | null {
  const [id, method, url] = ['id', 'method', 'url'].map((name) => member(request, name))
  if (typeof id !== 'string' || typeof method !== 'string' || typeof url !== 'string') return null
  const headers = Object.entries(member(request, 'headers') ?? {}).map(([name, value]) => [name.toLowerCase(), value])
  const sent: ReadonlyMap<unknown, unknown> = new Map(headers.map(([name, value]) => [name, value]))
  const header = (name: string) => (sent.has(name) ? String(sent.get(name)) : undefined)
  const path = url.startsWith('/') ? url : `/${url}`
  const call = {
    method: method.toUpperCase(),
    url: new URL(`${origin}/v1.0${path}`),
    header,
    body: member(request, 'body'),
  }
  return { id, call }
}

function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? (of as Readonly<Record<string, unknown>>)[name] : undefined
}
