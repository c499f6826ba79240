/** What servers make of a path never needs more than what was decided of it (T1 to T14); over the wire: tests/attacks. */
import fc from 'fast-check'
import type { Gateway } from '../../src/core/gateway.ts'
import { locate, type ToRoute } from '../../src/core/request/locate.ts'
import { readPath } from '../../src/core/request/path.ts'
import { hostileTarget } from '../attacks/hostile-paths.ts'
import { type Resolver, resolveLikeIis, resolveLikeNode, resolveLikeTomcat } from '../attacks/resolvers.ts'
import { mayHave, type Need, needOf, ownApplication, type RouteTable, routeTables } from '../attacks/route-tables.ts'
import { facts, gateway, route, tenant, toUpstream } from '../core/build.ts'
import { type Property, property } from './property.ts'

const houses = routeTables.map((table) => ({ table, house: houseOf(table) }))

function houseOf({ routes }: RouteTable): Gateway {
  const compiled = routes.map(({ path, need, exact = false, methods = null, stripPrefix = null, application }) => {
    const to = toUpstream({ host: application ?? ownApplication, stripPrefix })
    return route(path, need === 'admin' ? ['admin'] : need, { exact, methods, to })
  })
  return gateway(tenant({ routes: compiled }))
}

/** As much as a caller must be to get there. */
function decided({ requirement }: ToRoute): Need {
  if (requirement.everyOf.length > 0) return 'admin'
  return requirement.level === 'signed-in' ? 'signed-in' : 'public'
}

function holds(resolve: Resolver, target: string, method: string): boolean {
  return houses.every(({ table, house }) => {
    const located = locate(house, facts({ target, method }))
    if (located.at !== 'route' || located.route.to.act !== 'forward') return true
    const application = located.route.to.host
    const need = needOf(table, { application, method, readings: resolve(located.target) })
    return mayHave(decided(located), need)
  })
}

const method = fc.constantFrom('GET', 'POST', 'OPTIONS')
const judged = (name: string, resolve: Resolver): Property =>
  property(
    `locate asks for all that a path needs where ${name} resolves it`,
    2_000,
    fc.property(hostileTarget, method, (target, how) => holds(resolve, target, how)),
  )

export const resolvedPaths: readonly Property[] = [
  judged('a server like Tomcat', resolveLikeTomcat),
  judged('a server like IIS', resolveLikeIis),
  judged('an application on Node', resolveLikeNode),
  property(
    'readPath takes nothing that a browser would rewrite',
    2_000,
    fc.property(hostileTarget, (target) => {
      const raw = target.replace(/[?#].*$/s, '')
      if ('refused' in readPath(raw)) return true
      // A browser escapes these two, and leaves all else.
      return new URL(raw, 'https://payroll.example').pathname.replaceAll('%7C', '|').replaceAll('%5E', '^') === raw
    }),
  ),
]
