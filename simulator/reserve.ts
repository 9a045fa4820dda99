// One reserve call from its complete request to its end: the wait, the effect, the fault, the
// answer, and the exact count of the answers that were lost. A batch is one call.
import type { ServerResponse } from 'node:http'
import { drawFault, drawGarbage, drawLatencyMs, type Fault } from './faults.ts'
import { answer, answerJson } from './http.ts'
import type { Reserved, Wanted } from './ledger.ts'
import { buildRefusals, type Decision } from './refusals.ts'
import type { World } from './world.ts'

/** What came of one attempt: the id of its hold, or null when it was refused. */
export type Outcome = { readonly wanted: Wanted; readonly reservationId: number | null }

export type ReserveCall = {
  readonly response: ServerResponse
  readonly wanted: readonly Wanted[]
  readonly toAnswer: (outcomes: readonly Outcome[]) => {
    readonly status: number
    readonly body: unknown
  }
}

const countNames = {
  none: null,
  error: 'errors',
  'reset-before': 'resetsBefore',
  'reset-after': 'resetsAfter',
  hang: 'hangs',
  late: 'late',
  garbage: 'garbage',
} as const satisfies Record<Fault, string | null>

/** Counts the call as open until its connection is closed; returns how to count it as lost. */
function watchAnswer(world: World, { response, wanted }: ReserveCall): () => void {
  const { counters } = world
  let isFinished = false
  let isLost = false
  const lose = () => {
    if (isLost) return
    isLost = true
    counters.answersLost += wanted.length
    counters.callsWithoutAnswer += 1
  }
  const leave = () => {
    counters.inFlight -= 1
    if (!isFinished) lose()
  }
  counters.inFlight += 1
  counters.inFlightMax = Math.max(counters.inFlightMax, counters.inFlight)
  response.once('finish', () => {
    isFinished = true
  })
  if (response.closed) leave()
  else response.once('close', leave)
  return lose
}

function countReserved(world: World, reserved: readonly Reserved[]): void {
  const { counters } = world
  for (const { outcome } of reserved) {
    if (outcome === 'made' || outcome === 'made-again') counters.reserved += 1
    if (outcome === 'made-again') counters.duplicateHolds += 1
    if (outcome === 'repeated' || outcome === 'conflict') counters.repeated += 1
    if (outcome === 'conflict') counters.keyConflicts += 1
  }
}

async function takeEffect(
  world: World,
  wanted: readonly Wanted[],
  decisions: readonly Decision[],
): Promise<readonly Outcome[]> {
  const granted = wanted.filter((_, index) => decisions[index] === 'reserve')
  const reserved = granted.length === 0 ? [] : await world.ledger.reserve(granted)
  countReserved(world, reserved)
  world.counters.refused += wanted.length - granted.length
  const ids = reserved.values()
  return wanted.map((one, index) => ({
    wanted: one,
    reservationId:
      decisions[index] === 'reserve' ? (ids.next().value?.reservationId ?? null) : null,
  }))
}

export function buildReserve(world: World): (call: ReserveCall) => void {
  const { counters } = world
  const refusals = buildRefusals(world)

  const effect = async (call: ReserveCall, fault: Fault, decisions: readonly Decision[]) => {
    try {
      return await takeEffect(world, call.wanted, decisions)
    } catch (cause) {
      world.report(`the ledger failed, nothing was reserved: ${String(cause)}`)
      answerJson(call.response, 500, { error: 'the ledger failed' })
      return undefined
    } finally {
      refusals.leave(call.wanted)
      counters.working -= 1
      const name = countNames[fault]
      if (name !== null) counters[name] += 1
    }
  }

  const endWithoutEffect = ({ response }: ReserveCall, fault: 'error' | 'reset-before') => {
    counters.working -= 1
    counters[countNames[fault]] += 1
    if (fault === 'error') answerJson(response, 500, { error: 'internal error' })
    else response.socket?.resetAndDestroy()
  }

  const endWithEffect = async (
    call: ReserveCall,
    fault: 'none' | 'late' | 'reset-after' | 'garbage',
    decisions: readonly Decision[],
    lose: () => void,
  ) => {
    const outcomes = await effect(call, fault, decisions)
    if (outcomes === undefined) return
    if (fault === 'reset-after') {
      call.response.socket?.resetAndDestroy()
    } else if (fault === 'garbage') {
      lose()
      answer(call.response, 200, drawGarbage(world.random))
    } else {
      const { status, body } = call.toAnswer(outcomes)
      answerJson(call.response, status, body)
    }
  }

  return (call) => {
    counters.calls += 1
    counters.attempts += call.wanted.length
    const lose = watchAnswer(world, call)
    const fault = drawFault(world.random, world.live)
    const latencyMs = drawLatencyMs(world.random, world.live)
    if (fault === 'hang') {
      counters.hangs += 1
      return
    }
    counters.working += 1
    if (fault === 'error' || fault === 'reset-before') {
      world.timers.after(latencyMs, () => endWithoutEffect(call, fault))
      return
    }
    const decisions = refusals.enter(call.wanted, fault === 'none')
    const delayMs = fault === 'late' ? world.live.lateMs : latencyMs
    world.timers.after(delayMs, () => void endWithEffect(call, fault, decisions, lose))
  }
}
