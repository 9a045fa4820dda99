// Is a history of concurrent operations one that a single, sequential cart could have produced? The search of
// Wing and Gong: try as next any operation that was called before the first return, undo what leads
// nowhere, and remember what was tried (Lowe), so that the same set of done operations in the same state
// is not searched twice.

export type Operation<Input, Output> = {
  readonly input: Input
  readonly output: Output
  /** Times of one clock that no two calls or returns share. */
  readonly calledAt: number
  /** Infinity when the outcome is not known: it may have happened at any time since, or not at all. */
  readonly returnedAt: number
}

export type Model<State, Input, Output> = {
  readonly initial: State
  /** The state after the operation, or null when it could not have answered so in this state. */
  step(state: State, input: Input, output: Output): State | null
  /** The same text for the same state. */
  keyOf(state: State): string
}

export type Verdict = 'linearizable' | 'violation' | 'undecided'

type Entry<State> = {
  readonly index: number
  readonly kind: 'call' | 'return'
  /** The return of a call. */
  match: Entry<State> | null
  before: Entry<State> | null
  after: Entry<State> | null
}

const toEntries = <State>(operations: readonly Operation<unknown, unknown>[]): Entry<State> => {
  const head: Entry<State> = { index: -1, kind: 'call', match: null, before: null, after: null }
  const events = operations.flatMap(({ calledAt, returnedAt }, index) => [
    { index, kind: 'call' as const, at: calledAt },
    { index, kind: 'return' as const, at: returnedAt },
  ])
  const calls = new Map<number, Entry<State>>()
  let last = head
  for (const { index, kind } of events.sort((a, b) => (a.at === b.at ? 0 : a.at - b.at))) {
    const entry: Entry<State> = { index, kind, match: null, before: last, after: null }
    if (kind === 'call') calls.set(index, entry)
    else {
      const call = calls.get(index)
      if (call === undefined) throw new Error(`operation ${index} returned before it was called`)
      call.match = entry
    }
    last.after = entry
    last = entry
  }
  return head
}

const unlink = <State>(entry: Entry<State>): void => {
  if (entry.before !== null) entry.before.after = entry.after
  if (entry.after !== null) entry.after.before = entry.before
}

const relink = <State>(entry: Entry<State>): void => {
  if (entry.before !== null) entry.before.after = entry
  if (entry.after !== null) entry.after.before = entry
}

/** Done when only operations without a known outcome are left: they need not have happened. */
const isDone = <State>(
  head: Entry<State>,
  operations: readonly Operation<unknown, unknown>[],
): boolean => {
  for (let entry = head.after; entry !== null; entry = entry.after) {
    if (operations[entry.index]?.returnedAt !== Number.POSITIVE_INFINITY) return false
  }
  return true
}

/** `undecided` after `stepsMax` tries; raise it, or make the history shorter. */
export const checkLinearizable = <State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  stepsMax = 2_000_000,
): Verdict => {
  const head = toEntries<State>(operations)
  const tried = new Set<string>()
  const done: { readonly entry: Entry<State>; readonly state: State }[] = []
  let doneBits = 0n
  let state = model.initial
  let entry = head.after
  for (let steps = 0; steps < stepsMax; steps += 1) {
    if (isDone(head, operations)) return 'linearizable'
    if (entry !== null && entry.kind === 'call') {
      const next = advance(model, operations, entry, state)
      const bits = doneBits | (1n << BigInt(entry.index))
      const key = next === null ? null : `${bits.toString(36)} ${model.keyOf(next)}`
      if (next === null || key === null || tried.has(key)) {
        entry = entry.after
        continue
      }
      tried.add(key)
      done.push({ entry, state })
      doneBits = bits
      state = next
      unlink(entry)
      if (entry.match !== null) unlink(entry.match)
      entry = head.after
      continue
    }
    // A return that must come next, and whose operation fits nowhere before it: take the last one back.
    const last = done.pop()
    if (last === undefined) return 'violation'
    state = last.state
    doneBits &= ~(1n << BigInt(last.entry.index))
    if (last.entry.match !== null) relink(last.entry.match)
    relink(last.entry)
    entry = last.entry.after
  }
  return 'undecided'
}

const advance = <State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  { index }: Entry<State>,
  state: State,
): State | null => {
  const operation = operations[index]
  return operation === undefined ? null : model.step(state, operation.input, operation.output)
}
