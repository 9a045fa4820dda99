// One lane for each busy cart: what arrives while a write of that cart is under way waits and goes in
// the next one, together. Knows nothing of what a write is.

export type Lanes<Entry> = {
  /** False when the lane is full; the entry was then not taken. */
  enter(cartId: string, entry: Entry): boolean
  /** Carts with work under way. */
  readonly busy: () => number
  /** Resolves when every lane is empty. */
  drained(): Promise<void>
}

export type LaneBounds = {
  /** Entries waiting for one cart. */
  readonly waitingMax: number
  /** Entries that share a write: bounds its size, and how long the first waits for the last. */
  readonly togetherMax: number
}

/** `run` gets the entries of one cart in order of arrival, never twice at a time; it must not reject. */
export const openLanes = <Entry>(
  bounds: LaneBounds,
  run: (cartId: string, entries: readonly Entry[]) => Promise<void>,
): Lanes<Entry> => {
  const lanes = new Map<string, Entry[]>()
  let onEmpty: (() => void)[] = []

  const drive = async (cartId: string, waiting: Entry[]): Promise<void> => {
    while (waiting.length > 0) await run(cartId, waiting.splice(0, bounds.togetherMax))
    lanes.delete(cartId)
    if (lanes.size > 0) return
    for (const resolve of onEmpty) resolve()
    onEmpty = []
  }

  return {
    enter: (cartId, entry) => {
      const waiting = lanes.get(cartId)
      if (waiting === undefined) {
        const lane = [entry]
        lanes.set(cartId, lane)
        void drive(cartId, lane)
        return true
      }
      if (waiting.length >= bounds.waitingMax) return false
      waiting.push(entry)
      return true
    },
    busy: () => lanes.size,
    drained: () =>
      lanes.size === 0 ? Promise.resolve() : new Promise((resolve) => onEmpty.push(resolve)),
  }
}
