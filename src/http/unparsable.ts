/** What Node's parser refuses: smuggling tricks, too many headers, headers that do not come, no HTTP at all. */
import { randomUUID } from 'node:crypto'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { RefusalCode } from '../core/answer/outcomes.ts'
import type { Log } from '../ops/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Answers } from './answers.ts'
import { writeAnswerToSocket } from './writers.ts'

export interface UnparsableParts {
  readonly answers: Answers
  readonly metrics: Metrics
  readonly log: Log
}

/** Answers and ends the connection; nothing of what came is repeated (T93). Not to be called when an answer is on its way. */
export function refuseUnparsable(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  { answers, metrics, log }: UnparsableParts,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const code = reasons[error.code ?? ''] ?? 'request_malformed'
  // A browser opens connections in store, and may never come to use one: that is no request, and gets no answer.
  if (code === 'request_too_slow' && socket instanceof Socket && socket.bytesRead === 0) return void socket.destroy()
  metrics.request('', code)
  const requestId = randomUUID()
  log.info('request_unparsable', { requestId, reason: code, detail: error.code })
  writeAnswerToSocket(socket, answers.outcome(code, { requestId, facts: null, tenant: null, session: null }))
}

const reasons: Readonly<Record<string, RefusalCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_too_slow',
}
