/** Keeps a running gateway at what its configuration says: reads it again when it changes, and tells what came of it. */

import { watchFolders } from '../config/folders.ts'
import { ConfigError, formatIssue } from '../config/issues.ts'
import type { Loaded, Loader } from '../config/loader.ts'
import { warningsOf } from '../config/warnings.ts'
import type { Gateway, TenantTrouble } from '../core/gateway.ts'
import type { Log } from '../ops/log.ts'
import type { Running } from '../serve.ts'

export interface Reloading {
  /** Reads the configuration now. */
  now(): void
  inForce(): Gateway
  close(): void
}

export interface ReloadingParts {
  readonly loader: Loader
  readonly first: Loaded
  readonly running: Pick<Running, 'replace' | 'stale'>
  readonly log: Log
  /** What wins over the file. */
  readonly adjust: (gateway: Gateway) => Gateway
  readonly settleMilliseconds?: number
}

export function startReloading({ loader, first, running, log, adjust, ...options }: ReloadingParts): Reloading {
  let inForce = first.gateway
  let refused: string | null = null
  let over: string | null = null
  let stale: string | null = null
  const watching = watchFolders({
    ...options,
    onChange: now,
    onBlind: (folder, error) => log.warn('folder_not_watched', { folder, error }),
  })

  function now(): void {
    const startedAt = performance.now()
    try {
      take(loader.load(), startedAt)
    } catch (error) {
      if (!(error instanceof ConfigError)) log.error('reload_failed', { error })
      else refuse(error)
    } finally {
      watching.follow(loader.folders())
    }
  }

  function take({ gateway, passedOver }: Loaded, startedAt: number): void {
    if (refused !== null) log.info('configuration_accepted')
    refused = null
    tellPassedOver(passedOver)
    if (isSameGateway(inForce, gateway)) return
    const before = inForce
    inForce = gateway
    const replaced = running.replace(adjust(gateway))
    log.info('reloaded', { ...replaced, milliseconds: Math.round(performance.now() - startedAt) })
    tellTroubles(log, before.troubles, gateway)
    tellWarnings(log, before, gateway)
  }

  /** What stands in folders and files that are passed over is not in force. Said once, and again when it changes. */
  function tellPassedOver(issues: Loaded['passedOver']): void {
    const [first] = issues
    const text = first === undefined ? null : formatIssue(first)
    if (text !== null && text !== over) log.error('tenant_files_refused', { issue: text, issues: issues.length })
    if (text === null && over !== null) log.info('tenant_files_accepted')
    over = text
    tellStale(text)
  }

  /** Everything stays as it was; said once, and again when it changes. */
  function refuse(error: ConfigError): void {
    const [issue] = error.issues
    const text = issue === undefined ? error.message : formatIssue(issue)
    if (error.message !== refused) log.error('configuration_refused', { issue: text, issues: error.issues.length })
    refused = error.message
    tellStale(text)
  }

  function tellStale(text: string | null): void {
    if (text === stale) return
    stale = text
    running.stale(text)
  }

  tellTroubles(log, [], inForce)
  tellWarnings(log, null, inForce)
  tellPassedOver(first.passedOver)
  watching.follow(loader.folders())
  // What has changed since the first reading, before anybody watched.
  now()
  return { now, inForce: () => inForce, close: () => watching.close() }
}

/** Objects that say the same are the same; only lists and maps of them are made anew. */
function isSameGateway(a: Gateway, b: Gateway): boolean {
  return (
    a.server === b.server &&
    a.session === b.session &&
    a.troubles === b.troubles &&
    a.tenants.length === b.tenants.length &&
    a.tenants.every((tenant, place) => tenant === b.tenants[place]) &&
    a.closedHosts.size === b.closedHosts.size &&
    [...a.closedHosts].every(([host, closed]) => {
      const other = b.closedHosts.get(host)
      return other?.tenant === closed.tenant && other.why === closed.why
    })
  )
}

/** At a start all, and later what was not there before. */
function tellWarnings(log: Log, before: Gateway | null, now: Gateway): void {
  const said = new Set(before === null ? [] : warningsOf(before).map((each) => JSON.stringify(each)))
  for (const warning of warningsOf(now)) {
    if (!said.has(JSON.stringify(warning))) log.warn('loud_setting', { ...warning })
  }
}

function tellTroubles(
  log: Log,
  before: readonly TenantTrouble[],
  { troubles: now, tenants, closedHosts }: Gateway,
): void {
  const isKnown = ({ tenant, served, issue }: TenantTrouble) =>
    before.some((each) => each.tenant === tenant && each.served === served && each.issue === issue)
  for (const trouble of now) if (!isKnown(trouble)) log.error('tenant_refused', { ...trouble })
  const troubled = new Set(now.map(({ tenant }) => tenant))
  // One that was taken away has not recovered.
  const there = new Set([...tenants.map(({ name }) => name), ...[...closedHosts.values()].map(({ tenant }) => tenant)])
  for (const { tenant } of before) {
    if (!troubled.has(tenant) && there.has(tenant)) log.info('tenant_recovered', { tenant })
  }
}
