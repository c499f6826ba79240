/** One file to one frozen gateway, or all issues of it: for whoever wants the configuration once, and right. */
import type { Gateway } from '../core/gateway.ts'
import { ConfigError } from './issues.ts'
import { createLoader, type LoadOptions } from './loader.ts'

/**
 * Reads, checks and compiles a configuration with its tenant files.
 * @throws ConfigError with all issues at once; there is no gateway from a file with an issue (T84).
 */
export function loadConfig(path: string, options: LoadOptions): Gateway {
  const { gateway, issues } = createLoader(path, options).load()
  if (issues.length > 0) throw new ConfigError(issues)
  return gateway
}
