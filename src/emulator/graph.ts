/** The pretend Microsoft Graph: what a gateway asks about people and their groups, with permissions, batches and failures. */
import { randomUUID } from 'node:crypto'
import express, { type Request, type RequestHandler, type Response } from 'express'
import { pairwise } from './claims.ts'
import type { Backstage } from './control.ts'
import type { Directory, Person } from './directory.ts'
import { happen } from './failures.ts'
import type { AccessGrant, Grants } from './grants.ts'
import { challenged, type GraphAnswer, type GraphCall, type GraphTrace, refused, traced } from './graph-answers.ts'
import { readBatch } from './graph-batch.ts'
import { checkMember, getMember, transitiveMemberOf } from './graph-membership.ts'
import { photo, photoMetadata, profile, userInfo } from './graph-user.ts'
import { permissionsOf } from './scopes.ts'

export interface GraphParts {
  readonly directory: Directory
  readonly grants: Grants
  readonly takeFailure: Backstage['takeFailure']
  readonly origin: string
  readonly now: () => number
}

/** Reads what Graph is sent; JSON that cannot be read is no body. */
export const readGraphBody = express.text({ type: 'application/json', limit: '4mb' })

/** Answers everything below `/v1.0`, and `/oidc/userinfo`. */
export function createGraph(parts: GraphParts): RequestHandler {
  const { directory, grants, takeFailure, origin, now } = parts

  function answerTo(call: GraphCall, grant: AccessGrant): GraphAnswer {
    const permissions = permissionsOf(grant.scopes)
    const [, who = '', rest = ''] = /^\/v1\.0\/(me|users\/[^/]+)(\/.*)?$/.exec(call.url.pathname) ?? []
    if (call.url.pathname === '/oidc/userinfo') return aboutSubject(grant)
    if (who === '') return refused(400, 'Resource not found for the segment.', 'BadRequest')
    const named = who === 'me' ? grant.personId : decodeURIComponent(who.replace('users/', ''))
    if (named === null) {
      return refused(400, '/me request is only valid with delegated authentication flow.', 'BadRequest')
    }
    const found = directory.byId(named) ?? directory.byName(named)
    const person = found?.directory === grant.tenancyId ? found : null
    const [own, others] = [permissions.includes('user.read'), permissions.includes('user.read.all')]
    const may = others || permissions.includes('directory.read.all') || (own && person?.id === grant.personId)
    if (!may) return refused(403, 'Insufficient privileges to complete the operation.')
    if (person === null) return refused(404, 'Resource does not exist or one of its queried references is not present.')
    return answerAbout(person, rest.toLowerCase(), call, permissions)
  }

  function aboutSubject(grant: AccessGrant): GraphAnswer {
    const person = grant.personId === null ? null : directory.byId(grant.personId)
    if (person === null) return refused(404, 'Resource does not exist.')
    return userInfo(person, pairwise(person, directory.application), origin)
  }

  function answerAbout(person: Person, rest: string, call: GraphCall, permissions: readonly string[]): GraphAnswer {
    const readsGroups = ['groupmember.read.all', 'group.read.all', 'directory.read.all'].some((each) =>
      permissions.includes(each),
    )
    const question = { call, person, groups: directory.groups, readsGroups }
    const [, size = null] = /^\/photos\/([^/]+)\/\$value$/.exec(rest) ?? []
    if (size !== null) return photo(person, size)
    const denied = refused(403, 'Insufficient privileges to complete the operation.')
    switch (`${call.method} ${rest}`) {
      case 'GET ':
        return profile(person, call.url.searchParams.get('$select'))
      case 'GET /photo':
        return photoMetadata(person)
      case 'GET /photo/$value':
        return photo(person, null)
      case 'GET /transitivememberof':
      case 'GET /transitivememberof/microsoft.graph.group':
        return transitiveMemberOf(question, rest.endsWith('group'))
      case 'POST /checkmemberobjects':
        return checkMember(question, 'objects')
      case 'POST /checkmembergroups':
        return readsGroups ? checkMember(question, 'groups') : denied
      case 'POST /getmemberobjects':
        return getMember(question, 'objects')
      case 'POST /getmembergroups':
        return readsGroups ? getMember(question, 'groups') : denied
      case 'POST /revokesigninsessions': {
        if (!permissions.includes('user.revokesessions.all')) return denied
        grants.revoke(person.id, 50_173)
        return { status: 200, body: { value: true } }
      }
      default:
        return refused(400, 'Resource not found for the segment.', 'BadRequest')
    }
  }

  /** Every entry is answered by itself, and may fail by itself; the order of the answers means nothing. */
  function batch(body: unknown, grant: AccessGrant, trace: GraphTrace): GraphAnswer {
    const entries = readBatch(body, origin)
    if (entries === null) return refused(400, 'The batch request is not valid.', 'BadRequest')
    const responses = entries.map(({ id, call }) => {
      const failure = takeFailure('graph-batch-entry', call.url.pathname)
      const planned = failure?.kind === 'status' ? failure : null
      const answer = planned === null ? answerTo(call, grant) : failed(planned)
      const headers = { 'Content-Type': 'application/json', ...answer.headers }
      const payload = answer.bytes === undefined ? traced(answer, trace) : answer.bytes.toString('base64')
      return { id, status: answer.status, headers, body: payload }
    })
    return { status: 200, body: { responses: responses.reverse() } }
  }

  function failed(failure: { readonly status: number; readonly challenge?: boolean; readonly headers?: Headers }) {
    const answer = failure.challenge ? challenged(origin, now()) : refused(failure.status, 'The request has failed.')
    return { ...answer, headers: { ...answer.headers, ...failure.headers } }
  }

  return (request, response, next) => {
    const clientRequestId = request.get('client-request-id') ?? randomUUID()
    const trace = { requestId: randomUUID(), clientRequestId, now: now() }
    const failure = takeFailure('graph', request.path)
    if (failure?.kind === 'status') return send(failed(failure), trace, response)
    const work: RequestHandler = () => {
      const [, token = ''] = /^bearer (\S+)$/i.exec(request.get('authorization') ?? '') ?? []
      const grant = grants.accessGrant(token)
      if (grant === null) {
        const missing = refused(401, token === '' ? 'Access token is empty.' : 'Access token validation failure.')
        const headers = { 'WWW-Authenticate': `Bearer realm="", authorization_uri="${origin}/common/oauth2/authorize"` }
        return send({ ...missing, headers }, trace, response)
      }
      const call = callOf(request, origin)
      const isBatch = call.method === 'POST' && call.url.pathname === '/v1.0/$batch'
      send(isBatch ? batch(call.body, grant, trace) : answerTo(call, grant), trace, response)
    }
    if (failure === null) return work(request, response, next)
    return happen(failure, () => (_request, answered) => send(refused(500, ''), trace, answered))(
      request,
      response,
      () => work(request, response, next),
    )
  }
}

type Headers = Readonly<Record<string, string>>

function callOf(request: Request, origin: string): GraphCall {
  return {
    method: request.method,
    url: new URL(`${origin}${request.originalUrl}`),
    header: (name) => request.get(name),
    body: parsed(request.body),
  }
}

function parsed(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}

function send(answer: GraphAnswer, trace: GraphTrace, response: Response): void {
  response.status(answer.status).set({
    ...{ 'request-id': trace.requestId, 'client-request-id': trace.clientRequestId, 'Cache-Control': 'no-cache' },
    ...answer.headers,
  })
  if (answer.bytes !== undefined) response.send(answer.bytes)
  else response.json(traced(answer, trace))
}
