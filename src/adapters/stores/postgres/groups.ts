// Calls that come while others are under way wait, and go together in the next statement.

export type GroupBounds<Call> = {
  /** Calls in one group: bounds how long the first of them waits for the last. */
  readonly callsMax: number
  /** Groups under way at a time, each on a connection of its own. */
  readonly groupsMax: number
  /** Calls of one key go in different groups, in the order they came. */
  readonly keyOf?: (call: Call) => string
}

type Waiting<Call, Result> = {
  readonly call: Call
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** `run` answers in the order of its calls; what it throws is the answer to all of them. */
export const openGroups = <Call, Result>(
  bounds: GroupBounds<Call>,
  run: (calls: readonly Call[]) => Promise<readonly Result[]>,
): ((call: Call) => Promise<Result>) => {
  let waiting: Waiting<Call, Result>[] = []
  let underWay = 0
  let isScheduled = false

  const take = (): readonly Waiting<Call, Result>[] => {
    const { callsMax, keyOf } = bounds
    const keys = new Set<string>()
    const group: Waiting<Call, Result>[] = []
    const left: Waiting<Call, Result>[] = []
    for (const each of waiting) {
      const key = keyOf?.(each.call)
      const isFree = key === undefined || !keys.has(key)
      if (key !== undefined) keys.add(key)
      if (isFree && group.length < callsMax) group.push(each)
      else left.push(each)
    }
    waiting = left
    return group
  }
  const runGroup = async (group: readonly Waiting<Call, Result>[]): Promise<void> => {
    try {
      const results = await run(group.map(({ call }) => call))
      for (const [index, each] of group.entries()) each.resolve(results[index] as Result)
    } catch (error) {
      for (const each of group) each.reject(error)
    }
    underWay -= 1
    start()
  }
  const start = () => {
    isScheduled = false
    while (waiting.length > 0 && underWay < bounds.groupsMax) {
      underWay += 1
      void runGroup(take())
    }
  }
  return (call) =>
    new Promise<Result>((resolve, reject) => {
      waiting.push({ call, resolve, reject })
      if (isScheduled || underWay >= bounds.groupsMax) return
      // What is called in one turn of the event loop travels together.
      isScheduled = true
      setImmediate(start)
    })
}
