/** What systemd is told of the gateway's life: ready, reloading, stopping, and at intervals that it is alive. */
import { execFile } from 'node:child_process'
import type { Log } from './log.ts'

export interface ServiceManager {
  /** Requests are taken, at the start or after a reload; `status` is what `systemctl status` shows. */
  ready(status: string): void
  /** A reload has begun; `ready` ends it. */
  reloading(): void
  /** The end has begun, and may take this long; longer than the unit's `TimeoutStopSec` if it has to be. */
  stopping(seconds: number): void
  /** No more signs of life. What was said before is still delivered. */
  close(): void
}

/** What systemd sets for a service of `Type=notify` (sd_notify(3), sd_watchdog_enabled(3)); PATH finds `systemd-notify`. */
export type ServiceEnvironment = Readonly<
  Partial<Record<'NOTIFY_SOCKET' | 'WATCHDOG_USEC' | 'WATCHDOG_PID' | 'PATH', string>>
>

/** `systemd-notify` itself gives up after 5 seconds. */
const longestCall = 10_000
const longestStatus = 200

/**
 * Node has no datagram sockets of the Unix kind, so every message is a run of `systemd-notify`, one after the other and never
 * waited for. It runs without `--no-block`: systemd must take the message while the sender lives, or it cannot tell which
 * unit it is from (sd_notify(3)). The sender is not the main process, so the unit needs `NotifyAccess=all`.
 * @returns a manager that does nothing where there is no `NOTIFY_SOCKET`. A message that cannot be sent is logged, the first
 *   time, and never more than that: systemd draws its own conclusions.
 */
export function createServiceManager(env: ServiceEnvironment, log: Log): ServiceManager {
  if (env.NOTIFY_SOCKET === undefined || env.NOTIFY_SOCKET === '') return silent
  const every = signOfLifeEvery(env, process.pid)
  const tell = createTeller(env, log, every === null ? [] : ['WATCHDOG=1'])
  let timer: NodeJS.Timeout | null = null
  return {
    ready(status) {
      tell(['READY=1', `STATUS=${oneLine(status)}`])
      // From here on systemd counts. A timer, so that a stuck event loop gives no sign of life.
      if (every !== null) timer ??= setInterval(() => tell([]), every).unref()
    },
    reloading: () => tell(['RELOADING=1', 'STATUS=reloading']),
    stopping: (seconds) => tell(['STOPPING=1', 'STATUS=draining', `EXTEND_TIMEOUT_USEC=${Math.ceil(seconds * 1e6)}`]),
    close() {
      if (timer !== null) clearInterval(timer)
    },
  }
}

const silent: ServiceManager = { ready() {}, reloading() {}, stopping() {}, close() {} }

/**
 * One run at a time keeps the order. At most one message waits, and a newer state takes its place: each says all that systemd
 * has to know, so a systemd that does not answer cannot make us pile up messages. All carry the sign of life.
 */
function createTeller(env: ServiceEnvironment, log: Log, signOfLife: readonly string[]) {
  // No other variable: those of the gateway hold secrets.
  const own = { NOTIFY_SOCKET: env.NOTIFY_SOCKET, PATH: env.PATH }
  let busy = false
  let waiting: readonly string[] | null = null
  let failed = false

  function run(assignments: readonly string[]): void {
    busy = true
    const options = { env: own, timeout: longestCall, killSignal: 'SIGKILL' } as const
    execFile('systemd-notify', [...assignments, ...signOfLife], options, (cause) => {
      if (cause !== null && !failed) log.warn('service_manager_not_told', { cause })
      failed ||= cause !== null
      const next = waiting
      busy = false
      waiting = null
      if (next !== null) run(next)
    })
  }

  return (assignments: readonly string[]): void => {
    if (!busy) run(assignments)
    // A bare sign of life does not push a state aside.
    else if (waiting === null || assignments.length > 0) waiting = assignments
  }
}

/** Milliseconds: half of what systemd allows (sd_watchdog_enabled(3)), or null if it is not watching this very process. */
function signOfLifeEvery({ WATCHDOG_USEC = '', WATCHDOG_PID }: ServiceEnvironment, pid: number): number | null {
  if (!/^[1-9]\d*$/.test(WATCHDOG_USEC)) return null
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(pid)) return null
  // More often than asked for does no harm; a timer beyond 2³¹ ms would fire without a pause.
  return Math.min(Number(WATCHDOG_USEC) / 2_000, 60_000)
}

/** A line break would begin another assignment. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, longestStatus)
}
