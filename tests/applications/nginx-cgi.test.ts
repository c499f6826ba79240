import { describe } from 'vitest'
import { cgiSuite } from './cgi-suite.ts'
import { programMissing } from './daemon.ts'
import { fcgiwrapPath, startNginxCgi } from './nginx-cgi.ts'

const section = 'nginx with CGI programs'

describe.skipIf(programMissing(fcgiwrapPath, 'fcgiwrap'))(section, () => {
  cgiSuite('nginx', section, () => startNginxCgi())
})

describe.skipIf(programMissing(fcgiwrapPath, 'fcgiwrap'))(`${section}, which takes what it drops by default`, () => {
  cgiSuite('nginx', section, () => startNginxCgi('underscores_in_headers on; ignore_invalid_headers off;'))
})
