/** Whether the gateway can serve, with detail. A provider, a store or a tenant in trouble does not take it out of service. */

export interface Health {
  /** From now on readiness is off; it does not come back. */
  drain(): void
  /** A part that reports on itself when asked: a word, or a few facts. */
  part(name: string, state: () => unknown): void
  report(): { readonly ready: boolean; readonly detail: Readonly<Record<string, unknown>> }
}

export function createHealth(): Health {
  const parts = new Map<string, () => unknown>()
  let draining = false
  return {
    drain: () => {
      draining = true
    },
    part: (name, state) => {
      parts.set(name, state)
    },
    report() {
      const detail = Object.fromEntries([...parts].map(([name, state]) => [name, state()]))
      return { ready: !draining, detail: { ...detail, gateway: draining ? 'draining' : 'serving' } }
    },
  }
}
