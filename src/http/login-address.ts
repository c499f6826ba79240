/** The address of our own sign-in, as pages, redirects and programs are told it. */
import type { StepUp } from '../core/identity/step-up.ts'
import { endpoints } from '../core/request/addresses.ts'
import { stepUpQuery } from './step-up-asked.ts'

/** Our sign-in, with where to go afterwards, by which of several providers, and what it has to prove. */
export function loginAddress(returnTo: string | null, asked: AskedOfLogin = {}): string {
  const { otherAccount = false, provider = null, stepUp = null } = asked
  const query = new URLSearchParams()
  if (returnTo !== null) query.set('return_to', returnTo)
  if (otherAccount) query.set('prompt', 'select_account')
  if (provider !== null) query.set('provider', provider)
  for (const [name, value] of stepUp === null ? [] : stepUpQuery(stepUp)) query.set(name, value)
  const text = query.toString()
  return text === '' ? endpoints.login : `${endpoints.login}?${text}`
}

interface AskedOfLogin {
  readonly otherAccount?: boolean
  readonly provider?: string | null
  readonly stepUp?: StepUp | null
}
