// Commits of different carts that come while others are under way share a statement.
import type { CartError } from '../../../domain/errors.ts'
import type { CartStore, Change, CommitResult } from '../../../ports/store.ts'
import { toResults, toWrite } from './commit-statement.ts'
import { type Database, isTransient, rolledBackWith, tookTooLong, unavailable } from './database.ts'
import { openGroups } from './groups.ts'

// Two statements at a time: while one waits for the disk the other runs. More make the groups smaller.
const bounds = { callsMax: 256, groupsMax: 2, keyOf: ({ cartId }: Change) => cartId }

const triesMax = 5

// Of a group that failed, each by itself: several at a time, since some may wait for a lock, and within a
// time, since others wait for the group.
const aloneMax = 8
const aloneWithinMs = 5_000

type Result = CommitResult | CartError

export const openCommits = (database: Database): CartStore['commit'] => {
  const commit = openGroups<Change, Result>(bounds, async (changes) => {
    // In one order everywhere, so that groups never wait for each other in a circle.
    const sorted = [...changes].sort((a, b) => (a.cartId < b.cartId ? -1 : 1))
    const results = await commitTogether(database, sorted)
    const byCart = new Map(sorted.map(({ cartId }, index) => [cartId, results[index]]))
    return changes.map(({ cartId }) => byCart.get(cartId) ?? 'conflict')
  })
  return async (change) => {
    const result = await commit(change)
    if (typeof result === 'string') return result
    throw result
  }
}

const commitTogether = async (
  database: Database,
  changes: readonly Change[],
): Promise<readonly Result[]> => {
  let failure: unknown
  try {
    return await write(database, changes)
  } catch (error) {
    failure = error
  }
  const code = rolledBackWith(failure)
  // Only what the server certainly rolled back may be tried again; not when it took too long for it.
  if (code === null || code === tookTooLong) throw unavailable(failure)
  // One of them failed and took the others along: each for itself, so that only that one fails.
  return commitEach(database, changes, failure)
}

const commitEach = async (
  database: Database,
  changes: readonly Change[],
  failure: unknown,
): Promise<readonly Result[]> => {
  const results: Result[] = []
  const deadline = performance.now() + aloneWithinMs
  const left = changes.entries()
  const commitSome = async () => {
    for (const [index, change] of left) {
      const isLate = performance.now() > deadline
      results[index] = isLate ? unavailable(failure) : await commitAlone(database, change)
    }
  }
  await Promise.all(Array.from({ length: aloneMax }, commitSome))
  return results
}

const write = async (
  database: Database,
  changes: readonly Change[],
): Promise<readonly CommitResult[]> => {
  const { statement, values } = toWrite(changes)
  return toResults(await database.query(statement, values))
}

const commitAlone = async (database: Database, change: Change): Promise<Result> => {
  for (let tries = 1; ; tries += 1) {
    try {
      const [result = 'conflict'] = await write(database, [change])
      return result
    } catch (error) {
      const code = rolledBackWith(error)
      if (!isTransient(code) || tries === triesMax) return unavailable(error)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * tries))
    }
  }
}
