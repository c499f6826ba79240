/** The form that a request carries, read as OAuth means it: names and values, nothing nested. */
import express, { type Request } from 'express'

/** Reads the body; `formOf` then finds it. Larger ones are refused. */
export const readForm = express.text({ type: 'application/x-www-form-urlencoded', limit: '64kb' })

/** Empty where the request carries no form. */
export function formOf(request: Request): URLSearchParams {
  return new URLSearchParams(typeof request.body === 'string' ? request.body : '')
}
