// Ids by when they are due: a binary heap, so that claiming costs the same however long the queue is.

export type Due = { readonly dueAt: number; readonly id: string }

export type DueQueue = {
  add(due: Due): void
  /** Takes out the earliest that is due at `now`; of equal times the lower id. */
  take(now: number): Due | undefined
}

const isBefore = (a: Due, b: Due): boolean =>
  a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.id < b.id)

export const openDueQueue = (): DueQueue => {
  const heap: Due[] = []

  /** Puts `due` where the heap has a hole, or higher. */
  const rise = (due: Due, hole: number): void => {
    let index = hole
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !isBefore(due, parent)) break
      heap[index] = parent
      index = above
    }
    heap[index] = due
  }

  /** Puts `due` at the top, or lower. */
  const sink = (due: Due): void => {
    let index = 0
    for (;;) {
      const [left, right] = [heap[2 * index + 1], heap[2 * index + 2]]
      if (left === undefined) break
      const isRight = right !== undefined && isBefore(right, left)
      const child = isRight ? right : left
      if (!isBefore(child, due)) break
      heap[index] = child
      index = 2 * index + (isRight ? 2 : 1)
    }
    heap[index] = due
  }

  return {
    add: (due) => rise(due, heap.length),
    take: (now) => {
      const top = heap[0]
      if (top === undefined || top.dueAt > now) return undefined
      const last = heap.pop()
      if (last !== undefined && heap.length > 0) sink(last)
      return top
    },
  }
}
