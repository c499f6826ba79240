/**
 * Which of certain groups a person belongs to, directly or not, with no more permission than `User.Read`.
 * @see https://learn.microsoft.com/graph/api/directoryobject-checkmemberobjects
 */
import { Fault } from '../core/fault.ts'
import { faultOf, type GraphCaller, type GraphReply, memberOf } from './graph-call.ts'
import { isPassing, longestPause, mostRetries, ownPause, pauseFor, readRetryAfter } from './retry.ts'

/** In one question, and of questions in one batch: Graph's own limits. */
const mostIds = 20
const mostQuestions = 20
/** Of a person's memberships, each of up to 999; nobody has as many. */
const mostPages = 20

const check = '/me/checkMemberObjects'

/**
 * One call for up to 20 ids, one for up to 400. Where that question is forbidden, all memberships are read instead.
 * @param ids object ids in lower case.
 * @returns those that the person belongs to; never one that was not asked.
 * @throws Fault `graph_unreachable`, `graph_refused`: what is not known for sure is not known.
 */
export async function askMemberships(graph: GraphCaller, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const questions = inPieces(ids, mostIds)
  const answers: (readonly string[])[] = []
  for (const some of inPieces(questions, mostQuestions)) {
    const answer = some.length === 1 ? await askOne(graph, some[0] ?? []) : await askTogether(graph, some)
    if (answer === 'forbidden') return await readAll(graph, new Set(ids))
    answers.push(answer)
  }
  const said = new Set(answers.flat())
  return new Set(ids.filter((id) => said.has(id)))
}

type Answer = readonly string[] | 'forbidden'

async function askOne(graph: GraphCaller, ids: readonly string[]): Promise<Answer> {
  return read(await graph.post(check, { ids }))
}

/** Each answer of a batch may fail by itself; those that were throttled are asked again, alone. */
async function askTogether(graph: GraphCaller, questions: readonly (readonly string[])[]): Promise<Answer> {
  const found: string[] = []
  let open = questions.map((ids, place) => ({ id: String(place), ids }))
  for (let retry = 0; ; retry += 1) {
    const replies = await askBatch(graph, open)
    if (replies === 'forbidden') return replies
    const busy = open.filter(({ id }) => isPassing(replyTo(replies, id).status))
    for (const { id } of open.filter((each) => !busy.includes(each))) {
      const answer = read(replyTo(replies, id))
      if (answer === 'forbidden') return answer
      found.push(...answer)
    }
    const [first] = busy
    if (first === undefined) return found
    const pauses = busy.map(({ id }) => readRetryAfter(replyTo(replies, id).retryAfter) ?? ownPause(retry, Math.random))
    const pause = Math.max(...pauses)
    if (retry === mostRetries || pause > longestPause) throw faultOf('checkMemberObjects', replyTo(replies, first.id))
    await pauseFor(pause, graph.signal).catch((cause: unknown) => {
      throw new Fault('graph_unreachable', { cause })
    })
    open = busy
  }
}

type Question = { readonly id: string; readonly ids: readonly string[] }

/** @see https://learn.microsoft.com/graph/json-batching: the answers come in any order. */
async function askBatch(
  graph: GraphCaller,
  questions: readonly Question[],
): Promise<ReadonlyMap<unknown, GraphReply> | 'forbidden'> {
  const headers = { 'Content-Type': 'application/json' }
  const requests = questions.map(({ id, ids }) => ({ id, method: 'POST', url: check, headers, body: { ids } }))
  const reply = await graph.post('/$batch', { requests })
  if (reply.status === 403) return 'forbidden'
  const responses = memberOf(reply.body, 'responses')
  if (reply.status !== 200 || !Array.isArray(responses)) throw faultOf('$batch', reply)
  return new Map(responses.map((each: unknown) => [memberOf(each, 'id'), entryOf(each, reply)]))
}

function replyTo(replies: ReadonlyMap<unknown, GraphReply>, id: string): GraphReply {
  const reply = replies.get(id)
  if (reply === undefined) throw new Fault('graph_unreachable', { cause: new Error('a batch without all answers') })
  return reply
}

function entryOf(entry: unknown, { requestId }: GraphReply): GraphReply {
  const status = memberOf(entry, 'status')
  const headers = Object.entries(memberOf(entry, 'headers') ?? {})
  const [, retryAfter = null] = headers.find(([name]) => name.toLowerCase() === 'retry-after') ?? []
  return {
    status: typeof status === 'number' ? status : 500,
    body: memberOf(entry, 'body'),
    retryAfter: retryAfter === null ? null : String(retryAfter),
    requestId,
  }
}

function read(reply: GraphReply): Answer {
  if (reply.status === 403) return 'forbidden'
  const ids = memberOf(reply.body, 'value')
  if (reply.status !== 200 || !isTexts(ids)) throw faultOf('checkMemberObjects', reply)
  return ids.map((id) => id.toLowerCase())
}

/**
 * Page by page, until all are found or there is no more. Without cast and count, which would ask an index that lags
 * behind.
 * @see https://learn.microsoft.com/graph/api/user-list-transitivememberof
 */
async function readAll(graph: GraphCaller, wanted: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  let address: string | null = '/me/transitiveMemberOf?$select=id&$top=999'
  for (let page = 0; address !== null && found.size < wanted.size; page += 1) {
    if (page === mostPages) throw new Fault('graph_unreachable', { cause: new Error('memberships without end') })
    const reply: GraphReply = await graph.get(address)
    const items = memberOf(reply.body, 'value')
    if (reply.status !== 200 || !Array.isArray(items)) throw faultOf('transitiveMemberOf', reply)
    const ids = items.map((item: unknown) => memberOf(item, 'id'))
    if (!isTexts(ids)) throw faultOf('transitiveMemberOf', reply)
    for (const id of ids) if (wanted.has(id.toLowerCase())) found.add(id.toLowerCase())
    address = nextAddress(graph.base, memberOf(reply.body, '@odata.nextLink'))
  }
  return found
}

/** Only what lies below the base is followed: an answer must not choose who gets the token (T110). */
function nextAddress(base: string, link: unknown): string | null {
  if (link === undefined || link === null) return null
  if (typeof link === 'string' && link.startsWith(`${base}/`) && URL.canParse(link)) {
    const { href } = new URL(link)
    if (href.startsWith(`${base}/`)) return href.slice(base.length)
  }
  throw new Fault('graph_unreachable', { cause: new Error('the next page is said to be elsewhere') })
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function inPieces<Element>(all: readonly Element[], most: number): readonly (readonly Element[])[] {
  const count = Math.ceil(all.length / most)
  return Array.from({ length: count }, (_, place) => all.slice(place * most, (place + 1) * most))
}
