/** All properties, for `npm test` and `npm run fuzz`. */
import { configurationFiles } from './configuration-files.ts'
import { cookieHeaders } from './cookie-headers.ts'
import { headerFields } from './header-fields.ts'
import { pathReadings } from './path-readings.ts'
import type { Property } from './property.ts'
import { resolvedPaths } from './resolved-paths.ts'
import { returnAddresses } from './return-addresses.ts'

export const properties: readonly Property[] = [
  ...returnAddresses,
  ...pathReadings,
  ...resolvedPaths,
  ...headerFields,
  ...cookieHeaders,
  ...configurationFiles,
]
