// Which request does what. Everything that is no reservation is answered without faults.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answer, answerJson, RequestError, readJson } from './http.ts'
import type { Released } from './ledger.ts'
import { changeLive, OptionsError, readChanges, toWireSettings } from './options.ts'
import { buildReserve, type Outcome } from './reserve.ts'
import { toWireStats } from './stats.ts'
import { readBatch, readHoldQuery, readKey, readSingle, toWireHold } from './wire.ts'
import type { World } from './world.ts'

type Exchange = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
}
type Handler = (exchange: Exchange) => void | Promise<void>
type Methods = Readonly<Record<string, Handler>>

const releaseAnswers: Readonly<Record<Released, readonly [status: number, body: unknown]>> = {
  released: [200, { released: true }],
  'already-released': [410, { error: 'already released' }],
  unknown: [404, { error: 'no such reservation' }],
}

function toSingleAnswer([outcome]: readonly Outcome[]) {
  const id = outcome?.reservationId ?? null
  if (id === null) return { status: 409, body: { error: 'out of stock' } }
  return { status: 200, body: { reservation_id: id } }
}

function toBatchAnswer(outcomes: readonly Outcome[]) {
  const results = outcomes.map(({ wanted: { reference }, reservationId }) =>
    reservationId === null
      ? { reference, error: { status: 409 } }
      : { reference, reservation_id: reservationId },
  )
  return { status: 200, body: { results } }
}

function buildReserveRoutes(world: World): Readonly<Record<string, Methods>> {
  const reserve = buildReserve(world)
  const single: Handler = async ({ request, response }) => {
    const key = readKey(request.headers['idempotency-key'])
    const wanted = [readSingle(await readJson(request), key)]
    reserve({ response, wanted, toAnswer: toSingleAnswer })
  }
  const batch: Handler = async ({ request, response }) => {
    const wanted = readBatch(await readJson(request))
    world.counters.batches += 1
    reserve({ response, wanted, toAnswer: toBatchAnswer })
  }
  const lookUp: Handler = ({ response, url }) => {
    const reference = url.searchParams.get('reference')
    if (!reference) throw new RequestError(400, 'reference is missing')
    world.counters.lookups += 1
    world.timers.after(world.live.releaseLatencyMs, () => {
      const id = world.ledger.findActive(reference)
      if (id === undefined) answerJson(response, 404, { error: 'no active reservation' })
      else answerJson(response, 200, { reservation_id: id })
    })
  }
  return {
    '/reserve': world.grade === 'lookup' ? { GET: lookUp, POST: single } : { POST: single },
    '/reserve/batch': { POST: batch },
  }
}

function buildRelease(world: World): (response: ServerResponse, reservationId: number) => void {
  const { counters } = world
  const release = async (response: ServerResponse, reservationId: number) => {
    try {
      const outcome = await world.ledger.release(reservationId)
      if (outcome === 'released') counters.released += 1
      answerJson(response, ...releaseAnswers[outcome])
    } catch (cause) {
      world.report(`the ledger failed, nothing was released: ${String(cause)}`)
      answerJson(response, 500, { error: 'the ledger failed' })
    }
  }
  return (response, reservationId) => {
    counters.releaseCalls += 1
    const isFailing = world.random() < world.live.rateReleaseError
    world.timers.after(world.live.releaseLatencyMs, () => {
      if (!isFailing) {
        void release(response, reservationId)
        return
      }
      counters.releaseErrors += 1
      answerJson(response, 500, { error: 'internal error' })
    })
  }
}

function buildInspection(world: World): Readonly<Record<string, Methods>> {
  const showLedger: Handler = ({ response, url }) => {
    const { limit, ...query } = readHoldQuery(url.searchParams)
    // One more than the page tells whether there is a next one.
    const found = world.ledger.holds({ ...query, limit: limit + 1 })
    const holds = found.slice(0, limit)
    const next = found.length > limit ? (holds.at(-1)?.reservationId ?? null) : null
    const count = world.ledger.count(query.reference)
    answerJson(response, 200, { holds: holds.map(toWireHold), ...count, next })
  }
  const showSettings: Handler = ({ response }) => {
    answerJson(response, 200, { grade: world.grade, ...toWireSettings(world.live) })
  }
  const changeSettings: Handler = async (exchange) => {
    world.live = changeLive(world.live, readChanges(await readJson(exchange.request)))
    return showSettings(exchange)
  }
  return {
    '/ledger': { GET: showLedger },
    '/stats': { GET: ({ response }) => answerJson(response, 200, toWireStats(world.counters)) },
    '/settings': { GET: showSettings, PATCH: changeSettings },
    '/health': { GET: ({ response }) => answerJson(response, 200, { status: 'ok' }) },
  }
}

function answerFailure(world: World, { request, response }: Exchange, failure: unknown): void {
  if (failure instanceof OptionsError) {
    world.counters.invalid += 1
    const { mistakes } = failure
    answerJson(response, 400, { error: mistakes[0], errors: mistakes })
  } else if (failure instanceof RequestError) {
    world.counters.invalid += 1
    // The rest of a body that is too long is not read, so the connection can't be used again.
    const headers = request.complete ? {} : { connection: 'close' }
    const body = JSON.stringify({ error: failure.message })
    answer(response, failure.status, body, headers)
  } else if (!request.destroyed) {
    world.report(`${request.method} ${request.url}: ${String(failure)}`)
    answerJson(response, 500, { error: 'internal error' })
  }
}

export function buildRoutes(
  world: World,
): (request: IncomingMessage, response: ServerResponse) => void {
  const paths = new Map(Object.entries({ ...buildReserveRoutes(world), ...buildInspection(world) }))
  const release = buildRelease(world)

  const findMethods = (path: string): Methods | undefined => {
    const id = /^\/reserve\/(\d{1,15})$/.exec(path)?.[1]
    if (id !== undefined) return { DELETE: ({ response }) => release(response, Number(id)) }
    return paths.get(path)
  }

  const handle = async (exchange: Exchange) => {
    const { request, response, url } = exchange
    const methods = findMethods(url.pathname)
    const handler = methods?.[request.method ?? '']
    if (methods === undefined) {
      answerJson(response, 404, { error: 'not found' })
    } else if (handler === undefined) {
      const allow = Object.keys(methods).join(', ')
      answer(response, 405, '{"error":"method not allowed"}', { allow })
    } else {
      await handler(exchange)
    }
  }

  return (request, response) => {
    const url = URL.parse(request.url ?? '', 'http://simulator')
    if (url === null) {
      answerJson(response, 400, { error: 'the URL is malformed' })
      return
    }
    const exchange = { request, response, url }
    handle(exchange).catch((failure: unknown) => answerFailure(world, exchange, failure))
  }
}
