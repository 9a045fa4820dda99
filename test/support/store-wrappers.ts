// Stores with a fault, a delay or a count: plain objects around a real one.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { CartError } from '../../src/domain/errors.ts'
import type { Change, Store } from '../../src/ports/store.ts'

export const unavailable = () => new CartError('store-unavailable', 'The store did not answer.')

/** As if other processes wrote to it too. */
export const toShared = (store: Store): Store => ({ ...store, ownership: 'shared' })

export type Counts = { loads: number; commits: number; claims: number }

export const toCounted = (store: Store): { readonly store: Store; readonly counts: Counts } => {
  const counts: Counts = { loads: 0, commits: 0, claims: 0 }
  const counted: Store = {
    ...store,
    load: (cartId, keys) => {
      counts.loads += 1
      return store.load(cartId, keys)
    },
    commit: (change) => {
      counts.commits += 1
      return store.commit(change)
    },
    claimJobs: (claim) => {
      counts.claims += 1
      return store.claimJobs(claim)
    },
  }
  return { store: counted, counts }
}

export type Fault =
  /** Nothing is written, and the caller gets an error. */
  | 'fails'
  /** It is written, but its answer is lost: the caller gets an error. */
  | 'is lost'
  /** Nothing is written, and the answer is a conflict. */
  | 'conflicts'

/** Commits meet these faults, one each, before they succeed. */
export const toFaulty = (store: Store, faults: Fault[]): Store => ({
  ...store,
  commit: async (change: Change) => {
    const fault = faults.shift()
    if (fault === 'conflicts') return 'conflict'
    if (fault === 'is lost') await store.commit(change)
    if (fault !== undefined) throw unavailable()
    return store.commit(change)
  },
})

/** Every call takes some turns of the event loop, another number each time. */
export const toSlow = (store: Store, turnsMax = 3): Store => {
  let calls = 0
  const turns = async () => {
    calls += 1
    for (let turn = 0; turn <= (calls * 7) % (turnsMax + 1); turn += 1) await nextTurn()
  }
  return {
    ...store,
    load: async (cartId, keys) => {
      await turns()
      const loaded = await store.load(cartId, keys)
      await turns()
      return loaded
    },
    commit: async (change) => {
      await turns()
      const result = await store.commit(change)
      await turns()
      return result
    },
  }
}

/** Commits wait until the gate is opened. */
export const toGated = (store: Store): { readonly store: Store; open(): void } => {
  const gate = Promise.withResolvers<void>()
  return {
    open: gate.resolve,
    store: {
      ...store,
      commit: async (change) => {
        await gate.promise
        return store.commit(change)
      },
    },
  }
}
