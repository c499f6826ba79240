/** Reads the whole body of a request into memory, up to a limit. */
import type { IncomingMessage } from 'node:http'

/** broken-off: the caller went away before all of it was here. */
export type Unread = 'too-large' | 'too-slow' | 'broken-off'

/**
 * What is left unread when we turn away closes the connection (http/writers.ts), not the request under our hands.
 * @param tooSlow tells that it comes too slowly; null where nobody watches.
 */
export function readBody(
  request: IncomingMessage,
  mostBytes: number,
  tooSlow: AbortSignal | null,
): Promise<Buffer | Unread> {
  return new Promise((resolve) => {
    // One piece, doubled as it fills: who sends a byte at a time would otherwise have us hold a hundred for each (T88).
    let body = Buffer.alloc(0)
    let bytes = 0
    function done(read: Buffer | Unread): void {
      request.removeListener('data', take)
      request.removeListener('end', ended)
      request.removeListener('close', broken)
      tooSlow?.removeEventListener('abort', late)
      request.pause()
      resolve(read)
    }
    function take(chunk: Buffer): void {
      const needed = bytes + chunk.length
      if (needed > mostBytes) {
        done('too-large')
        return
      }
      if (needed > body.length) {
        const wider = Buffer.alloc(Math.min(mostBytes, Math.max(4_096, 2 * needed)))
        body.copy(wider, 0, 0, bytes)
        body = wider
      }
      bytes += chunk.copy(body, bytes)
    }
    const ended = () => done(body.subarray(0, bytes))
    const broken = () => done('broken-off')
    const late = () => done('too-slow')
    // Without a listener, a caller who goes away would be a defect of ours.
    request.on('error', ignore)
    request.on('end', ended)
    request.on('close', broken)
    request.on('data', take)
    tooSlow?.addEventListener('abort', late)
    if (request.destroyed) broken()
    else if (tooSlow?.aborted) late()
  })
}

function ignore(): void {}
