/** Route tables for attacks on paths, and what a path needs by them: said again here, in the plainest words there are. */
import type { Resolved } from './resolvers.ts'

export type Need = 'public' | 'signed-in' | 'admin'

export interface TableRoute {
  readonly path: string
  readonly need: Need
  readonly exact?: true
  readonly methods?: readonly string[]
  readonly stripPrefix?: string
  /** Which application it leads to: the name in the Host header that goes there. The tenant's own where none is given. */
  readonly application?: string
}

export interface RouteTable {
  readonly name: string
  readonly routes: readonly TableRoute[]
}

export const ownApplication = 'main.internal'

export const routeTables: readonly RouteTable[] = [
  {
    name: 'closed-below-open',
    routes: [
      { path: '/', need: 'public' },
      { path: '/admin', need: 'admin' },
      { path: '/administration', need: 'admin' },
      { path: '/reports', need: 'signed-in' },
      { path: '/reports/admin', need: 'admin' },
    ],
  },
  {
    name: 'open-below-closed',
    routes: [
      { path: '/', need: 'admin' },
      { path: '/public', need: 'public' },
      { path: '/public/admin', need: 'admin' },
      { path: '/app', need: 'signed-in' },
    ],
  },
  {
    name: 'usual',
    routes: [
      { path: '/', need: 'signed-in' },
      { path: '/public', need: 'public' },
      { path: '/admin', need: 'admin' },
      { path: '/administration', need: 'admin' },
    ],
  },
  {
    name: 'exact',
    routes: [
      { path: '/', need: 'public' },
      { path: '/admin', need: 'admin', exact: true },
      { path: '/admin/x', need: 'admin', exact: true },
      { path: '/public', need: 'public', exact: true },
      { path: '/public/admin', need: 'signed-in', exact: true },
    ],
  },
  {
    name: 'methods',
    routes: [
      { path: '/', need: 'public', methods: ['GET'] },
      { path: '/', need: 'admin', methods: ['POST', 'PUT', 'DELETE'] },
      { path: '/admin', need: 'admin' },
      { path: '/public', need: 'signed-in', methods: ['GET'] },
      { path: '/public', need: 'admin', methods: ['POST'] },
    ],
  },
  {
    name: 'prefix-off',
    routes: [
      { path: '/', need: 'public' },
      { path: '/admin', need: 'admin' },
      { path: '/public', need: 'signed-in', stripPrefix: '/public', application: 'stripped.internal' },
      { path: '/public/admin', need: 'admin', stripPrefix: '/public', application: 'stripped.internal' },
    ],
  },
  {
    name: 'applications-apart',
    routes: [
      { path: '/', need: 'public' },
      { path: '/admin', need: 'admin', application: 'admin.internal' },
      { path: '/public', need: 'signed-in', application: 'public.internal' },
      { path: '/public/admin', need: 'admin', application: 'admin.internal' },
    ],
  },
]

const order: readonly Need[] = ['public', 'signed-in', 'admin']

export interface Served {
  /** The application that got the request, by its Host header. */
  readonly application: string
  readonly method: string
  readonly readings: readonly Resolved[]
}

/**
 * The most that any reading of what an application was sent would have needed; `admin` for a place that no route of the
 * table leads to there, since then nobody has decided about it.
 */
export function needOf(table: RouteTable, served: Served): Need {
  const needs = served.readings.flatMap(({ path, foldsCase }) => {
    const fold = (text: string) => (foldsCase ? caseless(text) : text)
    // A directory is also named without its slash.
    const named = path.length > 1 && path.endsWith('/') ? [path, path.replace(/\/+$/, '') || '/'] : [path]
    return named.map((each) => needAt(table, served, { path: fold(each), fold }))
  })
  return needs.reduce((most, each) => (order.indexOf(each) > order.indexOf(most) ? each : most), 'public')
}

function needAt(table: RouteTable, served: Served, at: { path: string; fold: (text: string) => string }): Need {
  const own = table.routes.filter((route) => (route.application ?? ownApplication) === served.application)
  const path = `${own[0]?.stripPrefix ?? ''}${at.path}`
  const covering = table.routes.filter((route) => covers(route, path, at.fold))
  const exact = covering.filter((route) => route.exact)
  const longest = Math.max(...covering.map((route) => route.path.length))
  const deciding = exact.length > 0 ? exact : covering.filter((route) => route.path.length === longest)
  const forMethod = deciding.filter(
    ({ methods }) => methods === undefined || methods.includes(served.method === 'HEAD' ? 'GET' : served.method),
  )
  const needs = forMethod.map(({ need }) => need)
  // An application that is not the main one must get nothing but what its own routes cover.
  const isElsewhere = served.application !== ownApplication && !own.some((route) => covers(route, path, at.fold))
  if (needs.length === 0 || isElsewhere) return 'admin'
  return needs.includes('admin') ? 'admin' : needs.includes('signed-in') ? 'signed-in' : 'public'
}

function covers(route: TableRoute, path: string, fold: (text: string) => string): boolean {
  const own = fold(route.path)
  if (route.exact) return path === own
  return own === '/' || path === own || path.startsWith(`${own}/`)
}

/** As Java compares: by capitals and by small letters, so that the Turkish ones are `i`, too. */
function caseless(text: string): string {
  return text.toUpperCase().toLowerCase().replaceAll('i\u0307', 'i')
}

/** Whether somebody with this much may have what needs that much. */
export function mayHave(caller: Need, need: Need): boolean {
  return order.indexOf(caller) >= order.indexOf(need)
}

/** The routes in YAML. @param upstream where every application listens; the Host header tells them apart. */
export function routesYaml(table: RouteTable, upstream: string): string {
  return table.routes
    .map(({ path, need, exact, methods, stripPrefix, application }) => {
      const access = need === 'admin' ? '[admin]' : need
      const more = [
        exact ? ', exact: true' : '',
        methods === undefined ? '' : `, methods: [${methods.join(', ')}]`,
        stripPrefix === undefined ? '' : `, stripPrefix: ${stripPrefix}`,
        application === undefined ? '' : `, upstream: { url: '${upstream}', host: ${application} }`,
      ]
      return `- { path: ${path}, access: ${access}${more.join('')} }`
    })
    .join('\n')
}
