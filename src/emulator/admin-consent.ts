/** The admin consent endpoint: an administrator lets the application in for a whole directory. */
import type { RequestHandler } from 'express'
import type { Answers } from './answers.ts'
import { adminConsentPage } from './consent-pages.ts'
import type { Consents } from './consents.ts'
import type { Directory } from './directory.ts'
import { formOf } from './form.ts'
import { isRegistered } from './registration.ts'
import { authorityOf, contoso } from './tenancies.ts'

export interface AdminConsent {
  /** `GET …/v2.0/adminconsent` with `client_id`, `redirect_uri`, `state` and `scope`. */
  readonly start: RequestHandler
  /** What the buttons of our own page send. */
  readonly chosen: RequestHandler
}

export function createAdminConsent(directory: Directory, consents: Consents, answers: Answers): AdminConsent {
  const problemIn = (parameters: URLSearchParams) => {
    const client = parameters.get('client_id')
    const address = parameters.get('redirect_uri')
    if (client === null) return { code: 900144, detail: 'client_id' }
    if (client.toLowerCase() !== directory.application.clientId) return { code: 700016, detail: client }
    if (address === null) return { code: 900144, detail: 'redirect_uri' }
    return isRegistered(directory.application, address) ? null : { code: 50011, detail: address }
  }
  return {
    start(request, response) {
      const { search, searchParams } = new URL(request.originalUrl, 'http://x')
      const problem = problemIn(searchParams)
      if (problem !== null) return answers.problemPage(problem, request, response)
      const segment = String(request.params.tenant)
      answers.page(adminConsentPage(directory.application, search.slice(1), segment), response)
    },
    chosen(request, response) {
      if (['cross-site', 'same-site'].includes(request.get('sec-fetch-site') ?? '')) {
        return answers.problemPage({ code: 90023, detail: 'origin' }, request, response)
      }
      const form = formOf(request)
      const parameters = new URLSearchParams(form.get('request') ?? '')
      const problem = problemIn(parameters)
      if (problem !== null) return answers.problemPage(problem, request, response)
      const [redirectUri, state] = [parameters.get('redirect_uri') ?? '', parameters.get('state')]
      if (form.get('consent') !== 'accept') {
        return answers.problemRedirect({ code: 65004 }, { redirectUri, state, mode: 'query' }, request, response)
      }
      // Under a keyword it is the directory of the administrator, who is at Contoso.
      const tenant = authorityOf(String(request.params.tenant))?.tenancyId ?? contoso.id
      consents.giveForAll(tenant)
      const said = { admin_consent: 'True', tenant, state, scope: parameters.get('scope') }
      answers.redirect(redirectUri, said, response)
    },
  }
}
