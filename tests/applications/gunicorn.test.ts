import { describe } from 'vitest'
import { cgiSuite } from './cgi-suite.ts'
import { programMissing } from './daemon.ts'
import { gunicornPath, startGunicorn } from './gunicorn.ts'

describe.skipIf(programMissing(gunicornPath, 'gunicorn'))('Gunicorn', () => {
  cgiSuite('Gunicorn', 'Gunicorn', startGunicorn)
})
