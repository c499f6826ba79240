/** The plan of the house as data: the architecture test holds the sources to it, the README test the floor plan in words. */

/** Room → the rooms it may import from, beside itself. Files at the top of `src` are rooms of their own. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  ops: ['core'],
  config: ['core', 'ops'],
  oidc: ['core', 'ops'],
  session: ['core', 'ops'],
  proxy: ['core', 'ops'],
  pages: ['core', 'ops'],
  http: ['core', 'ops', 'oidc', 'session', 'proxy', 'pages'],
  'parts.ts': ['core', 'ops', 'oidc', 'session', 'proxy', 'pages', 'http'],
  'serve.ts': ['core', 'ops', 'http', 'parts.ts'],
  cli: ['core', 'config', 'ops', 'parts.ts', 'serve.ts', 'emulator'],
  'main.ts': ['cli'],
  emulator: [],
}

/** Library → the rooms that may import it. A library that is not here may be imported by nobody. */
export const doorkeepers: Readonly<Record<string, readonly string[]>> = {
  commander: ['cli'],
  'connect-redis': ['session'],
  eta: ['pages'],
  express: ['http', 'emulator'],
  'express-session': ['session'],
  'http-proxy-middleware': ['proxy'],
  ioredis: ['session'],
  jose: ['oidc', 'emulator'],
  'lru-cache': ['session'],
  'openid-client': ['oidc'],
  pino: ['ops', 'cli'],
  'prom-client': ['ops'],
  'rate-limiter-flexible': ['http'],
  undici: ['oidc'],
  ws: ['emulator'],
  yaml: ['config'],
  zod: ['config'],
}
