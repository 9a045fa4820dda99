// The timers of the open calls: one each, all dropped together when the simulator closes.

export interface Timers {
  after(delayMs: number, work: () => void): void
  clear(): void
}

export function buildTimers(): Timers {
  const open = new Set<NodeJS.Timeout>()
  return {
    after(delayMs, work) {
      const timer = setTimeout(() => {
        open.delete(timer)
        work()
      }, delayMs)
      open.add(timer)
    },
    clear() {
      for (const timer of open) clearTimeout(timer)
      open.clear()
    },
  }
}
