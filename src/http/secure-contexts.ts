/** Which certificate a caller is shown, by the host name that it asks for (SNI); and what TLS may look like at all. */
import { constants } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { Certificate, Gateway } from '../core/gateway.ts'
import { normaliseServerName, tenantNamed } from '../core/request/server-name.ts'

/**
 * TLS 1.2 and 1.3 with the ciphers that Node holds for good. No session tickets: a TLS 1.2 session that is resumed by one tells
 * no host name, so it could be opened for one tenant and used for another (T133); and whoever gets hold of the ticket key can
 * read what was recorded. No renegotiation, which is of use to nobody but who wants to keep us busy.
 */
export function contextOptions({ chain, key }: Certificate): SecureContextOptions {
  return {
    cert: chain,
    key: key.reveal(),
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  }
}

/**
 * The certificate for a host name: the tenant's who owns the name, else the listener's.
 * @param listeners what `server.tls` says.
 */
export function certificateFor(gateway: Gateway, serverName: string, listeners: Certificate): Certificate {
  return tenantNamed(gateway, normaliseServerName(serverName))?.certificate ?? listeners
}

/** Made when first needed, and kept as long as the configuration keeps the certificate. */
const contexts = new WeakMap<Certificate, SecureContext>()

/** @throws if the certificate or its key cannot be used. */
export function contextOf(certificate: Certificate): SecureContext {
  const known = contexts.get(certificate)
  if (known !== undefined) return known
  const made = createSecureContext(contextOptions(certificate))
  contexts.set(certificate, made)
  return made
}
