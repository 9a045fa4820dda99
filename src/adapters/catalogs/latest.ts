// Values with the time when they were learned; of too many, those that were not used for longest go.

export type Latest<T> = {
  get(key: string): { readonly value: T; readonly at: number } | undefined
  set(key: string, value: T): void
  remove(key: string): void
}

export const keepLatest = <T>(entriesMax: number): Latest<T> => {
  const entries = new Map<string, { readonly value: T; readonly at: number }>()
  return {
    get: (key) => {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      entries.set(key, entry)
      return entry
    },
    set: (key, value) => {
      entries.delete(key)
      entries.set(key, { value, at: performance.now() })
      if (entries.size <= entriesMax) return
      const [oldest] = entries.keys()
      if (oldest !== undefined) entries.delete(oldest)
    },
    remove: (key) => void entries.delete(key),
  }
}
