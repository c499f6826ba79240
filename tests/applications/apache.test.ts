import { describe } from 'vitest'
import { apachePath, startApache } from './apache.ts'
import { cgiSuite } from './cgi-suite.ts'
import { programMissing } from './daemon.ts'

describe.skipIf(programMissing(apachePath, 'apache2-bin'))('Apache with CGI programs', () => {
  cgiSuite('Apache', 'Apache with CGI programs', startApache)
})
