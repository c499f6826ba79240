/**
 * Why a provider has no discovery document for us, in words that an operator can act on: the library tells neither whom
 * it asked nor what came.
 */
import { ClientError } from 'openid-client'
import { readEntraError } from '../core/identity/aadsts.ts'

/**
 * @param url whom we asked: of the configuration, and without its query in the message.
 * @returns an error that names the address, the status and Entra's code (AADSTS90002: no such directory), with the
 *   other as its cause; the error itself where no answer came at all, or one with a document.
 */
export async function refusedDocument(error: unknown, url: URL): Promise<unknown> {
  if (!(error instanceof ClientError && error.cause instanceof Response) || error.cause.status === 200) return error
  const { status } = error.cause
  const { code } = readEntraError(await textOf(error.cause))
  const means = code === null ? '' : ` with ${code}`
  return new Error(`${url.origin}${url.pathname} answered ${status}${means}`, { cause: error })
}

async function textOf(response: Response): Promise<string> {
  try {
    return response.bodyUsed ? '' : await response.text()
  } catch {
    return ''
  }
}
