/** JSON lines on standard output: one line per event, a fixed name, then fields. */
import pino, { type DestinationStream } from 'pino'
import { createOutput } from './output.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFields = Readonly<Record<string, unknown>>

export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/** What the process holds; everybody else only writes. */
export interface AdjustableLog extends Log {
  setLevel(level: LogLevel): void
  /** How many lines could not be written. */
  linesLost(): number
}

/** Longer values are cut: a caller must not decide how long a log line is (T88). */
const longestValue = 500

/**
 * @param options.level events below it are not written.
 * @param options.destination where lines go; standard output, written synchronously, when not given.
 */
export function createLog(options: {
  readonly level: LogLevel
  readonly destination?: DestinationStream
}): AdjustableLog {
  // Not the library's own: that ends the process when a disk is full.
  const output = createOutput(1)
  const logger = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.destination ?? output,
  )
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void => {
      if (logger.isLevelEnabled(level)) logger[level](bounded(fields), event)
    }
  return {
    ...{ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    setLevel(level) {
      logger.level = level
    },
    linesLost: output.lost,
  }
}

function bounded(fields: LogFields): Record<string, unknown> {
  const short: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue
    short[name] = value instanceof Error ? errorFields(value) : cut(value)
  }
  return short
}

function cut(value: unknown): unknown {
  return typeof value === 'string' && value.length > longestValue ? `${value.slice(0, longestValue)}…` : value
}

/**
 * Names, codes and messages along the chain of causes. Never the other members of an error: libraries hang whole answers of
 * the provider on them, with tokens (T94).
 */
function errorFields(error: Error): Record<string, unknown> {
  const causes: { name: string; code?: string; message: string }[] = []
  for (let each: unknown = error; each instanceof Error && causes.length < 5; each = each.cause) {
    const code =
      'code' in each && (typeof each.code === 'string' || typeof each.code === 'number') ? String(each.code) : undefined
    causes.push({
      name: each.name,
      ...(code === undefined ? {} : { code }),
      message: each.message.slice(0, longestValue),
    })
  }
  return { causes, stack: error.stack?.split('\n').slice(0, 12).join('\n') }
}
