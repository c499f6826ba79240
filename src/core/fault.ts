/** Something we depend on failed. Thrown once, at the edge that noticed; turned into an answer once, by the gate. */
import type { FaultCode } from './answer/outcomes.ts'

export class Fault extends Error {
  readonly code: FaultCode

  /** @param code the row of the outcomes table that answers for it; it carries all prose, so a fault has none of its own. */
  constructor(code: FaultCode, options?: { readonly cause?: unknown }) {
    super(code, options)
    this.name = 'Fault'
    this.code = code
  }
}
