// T11, as far as it concerns a store alone: a transaction stays open while others commit. A reader of a
// journal never sees a later revision before the late one, nor misses the late one afterwards; and entries
// that wait to be published are found by their mark.
import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPostgresStore } from '../../src/adapters/stores/postgres/open.ts'
import { addItem, readCart, send } from '../support/process-client.ts'
import { type Fleet, isMissing, openFleet } from '../support/process-fleet.ts'
import { openFolder, until } from '../support/process-program.ts'
import { scaled } from '../support/process-scale.ts'
import { openSql, type Sql } from '../support/process-sql.ts'

const rounds = scaled(5)
const additions = 40
const heldMs = 400
const late = 'late'
const users = [late, ...Array.from({ length: 5 }, (_, n) => `user-${n}`)]
const skip = isMissing('postgres')

type Page = {
  readonly entries: readonly { readonly revision: number }[]
  readonly next: number | null
}

const readPage = async (url: string, user: string, after: number): Promise<Page> => {
  const { status, text } = await send(`${url}/v1/cart/${user}/journal?after=${after}&limit=7`)
  assert.equal(status, 200, text)
  return JSON.parse(text) as Page
}

/** Reads all journals again and again, each from where it got to; answers the revisions in their order. */
const startFollowing = (fleet: Fleet) => {
  const seen = new Map(users.map((user) => [user, [] as number[]]))
  let isOver = false
  const follow = async (user: string, revisions: number[]) => {
    for (let isLast = false; !isLast; ) {
      isLast = isOver
      const { entries } = await readPage(fleet.drawUrl(), user, revisions.at(-1) ?? 0)
      for (const { revision } of entries) {
        if (revisions.at(-1) !== revision) revisions.push(revision)
      }
      if (entries.length > 0) isLast = false
    }
  }
  const ended = Promise.all([...seen].map(([user, revisions]) => follow(user, revisions)))
  return {
    seen,
    end: async () => {
      isOver = true
      await ended
      return seen
    },
  }
}

/** A write of the cart as another service may make it, one that has a publisher; without its end. */
const writeLate = async (sql: Sql): Promise<number> => {
  const [row] = await sql.query(
    `update carts set revision = revision + 1, version = version + 1 where user_id = $1
      returning revision, version`,
    [late],
  )
  const [revision, version] = row ?? []
  await sql.query(
    `insert into journal (user_id, revision, position, version, type, data, actor, at)
      values ($1, $2, 0, $3, 'cart-cleared', '{}', 'another-service', $4)`,
    [late, revision, version, Date.now()],
  )
  return Number(revision)
}

const isBlocked = async (sql: Sql): Promise<boolean> => {
  const waiting = `select from pg_stat_activity where datname = current_database()
    and application_name = 'cart-service' and wait_event_type = 'Lock'`
  return (await sql.query(waiting)).length > 0
}

const unpublished = async (sql: Sql): Promise<readonly number[]> => {
  const rows = await sql.query(
    'select user_id, revision from journal where published_at is null order by user_id, revision',
  )
  return rows.map(([, revision]) => Number(revision))
}

test(`T11: ${rounds} transactions that stay open hide nothing from readers of journals`, {
  skip,
}, async (t) => {
  using folder = openFolder()
  const roles = ['api', 'api'] as const
  await using fleet = await openFleet({ layout: 'postgres', roles, folder: folder.path })
  await using holder = await openSql(fleet.databaseUrl)
  await using other = await openSql(fleet.databaseUrl)
  for (const user of users) await addItem(fleet.drawUrl(), user, 'first')
  const following = startFollowing(fleet)
  const written: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    await holder.query('begin')
    const revision = await writeLate(holder)
    // Waits behind it, in any instance.
    const behind = addItem(fleet.drawUrl(), late, `behind-${round}`)
    await until('the addition waits for the open transaction', () => isBlocked(other))
    for (let n = 0; n < additions; n += 1) {
      const { status } = await addItem(fleet.drawUrl(), `user-${n % 5}`, `product-${n}`)
      assert.equal(status, 201)
    }
    await sleep(heldMs)
    assert.equal(following.seen.get(late)?.at(-1), revision - 1, 'nothing of it is seen before')
    assert.deepEqual(await unpublished(other), written)
    await holder.query('commit')
    written.push(revision)
    assert.equal((await behind).status, 201)
    assert.deepEqual(await unpublished(other), written)
  }
  const seen = await following.end()
  for (const [user, revisions] of seen) {
    const { revision } = await readCart(fleet.url, user)
    assert.deepEqual(
      revisions,
      Array.from({ length: revision }, (_, n) => n + 1),
      user,
    )
  }
  const count = [...seen.values()].reduce((sum, { length }) => sum + length, 0)
  t.diagnostic(`${count} revisions read in order, ${written.length} of them late`)
})

test('T11: a job whose row another session locks for a moment is not lost for the queue', {
  skip,
}, async () => {
  using folder = openFolder()
  await using fleet = await openFleet({ layout: 'postgres', roles: ['api'], folder: folder.path })
  await using store = await openPostgresStore({
    url: fleet.databaseUrl,
    connections: 2,
    statements: 'named',
    migrate: 'off',
    onJobs: () => {},
    onTrouble: () => {},
  })
  await using holder = await openSql(fleet.databaseUrl)
  const ids = ['a', 'b', 'c']
  await holder.query(
    `insert into jobs (id, kind, key, user_id, item_id, product_id, quantity, created_at, due_at)
      select id, 'reserve', id, 'ada', 'item', 'apple', 1, 1, 1 from unnest($1::text[]) id`,
    [ids],
  )
  const now = Date.now()
  assert.deepEqual(await store.handOver?.handOverJobs(now, 10), ids)
  await holder.query('begin')
  await holder.query(`select from jobs where id = 'b' for update`)
  const claiming = store.handOver?.claimHandedJobs({ workerId: 'worker', now, ids })
  await sleep(heldMs)
  await holder.query('commit')
  assert.deepEqual(
    (await claiming)?.map(({ id }) => id),
    ids,
  )
})
