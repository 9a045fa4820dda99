// Values with the time when they were learned; of too many, those that were not used for longest go.
import { LRUCache } from 'lru-cache'

export type Latest<T> = {
  get(key: string): { readonly value: T; readonly at: number } | undefined
  set(key: string, value: T): void
  remove(key: string): void
}

export const keepLatest = <T>(entriesMax: number): Latest<T> => {
  const entries = new LRUCache<string, { readonly value: T; readonly at: number }>({
    max: entriesMax,
  })
  return {
    get: (key) => entries.get(key),
    set: (key, value) => void entries.set(key, { value, at: performance.now() }),
    remove: (key) => void entries.delete(key),
  }
}
