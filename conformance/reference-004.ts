// Reference 004: every item is reserved behind the answer, by a service that takes long. Its
// document shows requests; the answers are those of the repository that it names.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, type Check, type Reference, Skip, type Target } from './check.ts'
import {
  expectMembers,
  expectRefusal,
  expectStatus,
  fail,
  isObject,
  type Members,
} from './expect.ts'

const items = '/api/v1/items'
const exerciseItems = '/items'

/** What "immediately" is here; a reservation takes more than 30 s. */
const atOnceMs = 1_000

// A server may know users; then each check has a cart of its own. The original has one cart.
const asUser = async (on: Target) => ({ headers: { 'x-user-id': await on.newUser() } })

type As = { readonly headers: Readonly<Record<string, string>> }

const add = (on: Target, body: unknown, as?: As) => on.send('POST', items, { body, ...as })

const statusOf = ({ status }: Members): string =>
  typeof status === 'string' ? status.toLowerCase() : 'none'

const idOf = ({ id }: Members): string | null =>
  (typeof id === 'string' && id !== '') || typeof id === 'number' ? String(id) : null

const reservationOf = ({ reservation_id: id }: Members): string | null =>
  (typeof id === 'string' && id !== '') || typeof id === 'number' ? String(id) : null

const expectAtOnce = (answer: Answer): void => {
  if (answer.ms > atOnceMs) {
    fail(answer, `an answer within ${atOnceMs} ms (it took ${Math.round(answer.ms)} ms)`)
  }
}

const readRow = (answer: Answer): Members =>
  isObject(answer.json) ? answer.json : fail(answer, 'the item')

const addForRow = async (on: Target, body: Members, as?: As): Promise<Members> => {
  const answer = await add(on, body, as)
  expectMembers(answer, 201, body)
  return readRow(answer)
}

/** Go writes an empty list as null. */
const readRows = (answer: Answer): readonly Members[] => {
  const { status, json } = answer
  const rows = json === null ? [] : json
  if (status !== 200 || !Array.isArray(rows)) return fail(answer, '200 with a list of items')
  return rows.every(isObject) ? rows : fail(answer, 'a list of items')
}

const list = async (on: Target, as?: As): Promise<readonly Members[]> =>
  readRows(await on.send('GET', items, as))

const adding: readonly Check[] = [
  {
    name: 'the item of its curl example is added and listed',
    source:
      'curl -X POST …/api/v1/items -d \'{"name": "laptop", "quantity": 1}\'; curl …/api/v1/items',
    need: 'required',
    run: async (on) => {
      const row = await addForRow(on, { name: 'laptop', quantity: 1 })
      const answer = await on.send('GET', items)
      const found = readRows(answer).find((each) => idOf(each) === idOf(row))
      if (found?.name !== 'laptop') fail(answer, `the laptop with the id ${idOf(row)}`)
    },
  },
  {
    name: 'adding answers 201 with the item',
    source:
      'every item should have at least two properties (name and quantity); handler: 201 Created',
    need: 'required',
    run: async (on) => {
      const body = { name: on.newName('laptop'), quantity: 2 }
      expectMembers(await add(on, body, await asUser(on)), 201, body)
    },
  },
  {
    name: 'the item has an id, a status and two times',
    source: 'domain/item.go: id, name, quantity, reservation_id, status, created_at, updated_at',
    need: 'required',
    run: async (on) => {
      const answer = await add(on, { name: on.newName('laptop'), quantity: 1 }, await asUser(on))
      const row = readRow(answer)
      if (idOf(row) === null) fail(answer, 'an id')
      if (typeof row.status !== 'string') fail(answer, 'a status')
      for (const name of ['created_at', 'updated_at'] as const) {
        if (!Number.isFinite(Date.parse(String(row[name])))) fail(answer, `a time as ${name}`)
      }
    },
  },
  {
    name: 'an item is pending when it is added, without a reservation_id',
    source:
      'the reservation API call needs to run in the background; service: StatusReservationPending',
    need: 'required',
    run: async (on) => {
      const answer = await add(on, { name: on.newName('laptop'), quantity: 1 }, await asUser(on))
      const row = readRow(answer)
      const isSo = answer.status === 201 && statusOf(row) === 'pending'
      if (!isSo || reservationOf(row) !== null) fail(answer, '201 with the status pending')
    },
  },
  {
    name: 'a name of any text comes back as it was sent',
    source: 'items can be added to the shopping cart only by providing their name',
    need: 'required',
    run: async (on) => {
      const as = await asUser(on)
      const body = { name: `Gaming laptop 15" für ${on.newName('Zoë')}`, quantity: 1 }
      await addForRow(on, body, as)
      const answer = await on.send('GET', items, as)
      if (!readRows(answer).some(({ name }) => name === body.name)) fail(answer, body.name)
    },
  },
]

const atOnceCount = 10

const speed: readonly Check[] = [
  {
    name: 'adding is answered within a second',
    source: 'it always responds to API requests immediately',
    need: 'required',
    run: async (on) => {
      const answer = await add(on, { name: on.newName('laptop'), quantity: 1 }, await asUser(on))
      expectStatus(answer, 201)
      expectAtOnce(answer)
      on.note(`${Math.ceil(answer.ms)} ms`)
    },
  },
  {
    name: `${atOnceCount} items at once, and the list meanwhile, are answered within a second each`,
    source: 'calls … can easily take more than 30 seconds; always responds … immediately',
    need: 'required',
    run: async (on) => {
      const as = await asUser(on)
      const answers = await Promise.all(
        Array.from({ length: atOnceCount }, () =>
          add(on, { name: on.newName('laptop'), quantity: 1 }, as),
        ),
      )
      const listed = await on.send('GET', items, as)
      for (const answer of answers) expectStatus(answer, 201)
      const ids = new Set(readRows(listed).map(idOf))
      for (const answer of answers) {
        if (!ids.has(idOf(readRow(answer)))) fail(listed, `the item ${idOf(readRow(answer))}`)
      }
      for (const answer of [...answers, listed]) expectAtOnce(answer)
      on.note(`at most ${Math.ceil(Math.max(...answers.map(({ ms }) => ms)))} ms`)
    },
  },
]

const listing: readonly Check[] = [
  {
    name: 'the list has every item that was put in, with its name and quantity',
    source: 'GET /items which is listing all the items that were put into the cart',
    need: 'required',
    run: async (on) => {
      const as = await asUser(on)
      const names = [on.newName('laptop'), on.newName('mouse')] as const
      await addForRow(on, { name: names[0], quantity: 2 }, as)
      await addForRow(on, { name: names[1], quantity: 1 }, as)
      const answer = await on.send('GET', items, as)
      const has = (name: string, quantity: number) =>
        readRows(answer).some((row) => row.name === name && row.quantity === quantity)
      if (!has(names[0], 2) || !has(names[1], 1)) fail(answer, `2 of ${names[0]}, 1 of ${names[1]}`)
    },
  },
  {
    name: 'the same name put in twice is there twice, or with the sum',
    source: 'GET /items which is listing all the items that were put into the cart',
    need: 'required',
    run: async (on) => {
      const as = await asUser(on)
      const name = on.newName('laptop')
      await addForRow(on, { name, quantity: 1 }, as)
      await add(on, { name, quantity: 2 }, as)
      const answer = await on.send('GET', items, as)
      const rows = readRows(answer).filter((row) => row.name === name)
      const sum = rows.reduce((total, { quantity }) => total + Number(quantity), 0)
      if (sum !== 3) fail(answer, `3 of ${name}`)
      on.note(rows.length === 1 ? 'one row with the sum' : 'a row for each addition')
    },
  },
  {
    name: 'the paths of the exercise do the same',
    source: 'POST /items which will add a new item; GET /items (its curl examples: /api/v1/items)',
    need: 'optional',
    run: async (on) => {
      const as = await asUser(on)
      const body = { name: on.newName('laptop'), quantity: 1 }
      const added = await on.send('POST', exerciseItems, { body, ...as })
      if ([404, 405].includes(added.status)) throw new Skip(`it has only ${items}, as in its curls`)
      expectMembers(added, 201, body)
      const answer = await on.send('GET', exerciseItems, as)
      if (!readRows(answer).some(({ name }) => name === body.name)) fail(answer, body.name)
    },
  },
]

const refusing: readonly Check[] = [
  {
    name: 'an item without a name or a quantity is refused and not listed',
    source: 'every item should have at least two properties; handler: validate:"required", min=1',
    need: 'required',
    run: async (on) => {
      const as = await asUser(on)
      const name = on.newName('laptop')
      const bodies = [
        '{"quantity": 1}',
        ...['', '0', '-1', '"many"'].map((quantity) => {
          return `{"name": "${name}"${quantity === '' ? '' : `, "quantity": ${quantity}`}}`
        }),
        '{"name":',
      ]
      for (const raw of bodies) {
        const answer = await on.send('POST', items, { raw, ...as })
        expectRefusal(answer, `the body was ${raw}`)
      }
      const answer = await on.send('GET', items, as)
      if (readRows(answer).some((row) => row.name === name)) fail(answer, `no ${name}`)
    },
  },
]

const pollMs = 250
const progressEveryMs = 5_000
const reservedItems = 3

/** Without a reservation_id, and never to get one. */
const final: readonly string[] = ['unavailable', 'failed', 'none']

const waitForReservation = async (on: Target, as: As, ids: readonly string[], waitMs: number) => {
  const startedAt = performance.now()
  let saidAt = startedAt
  for (;;) {
    const rows = (await list(on, as)).filter((row) => ids.includes(idOf(row) ?? ''))
    const elapsedMs = performance.now() - startedAt
    const reserved = rows.find((row) => reservationOf(row) !== null)
    const isOver = elapsedMs > waitMs || rows.every((row) => final.includes(statusOf(row)))
    if (reserved !== undefined || isOver) return { rows, reserved, elapsedMs }
    if (performance.now() - saidAt >= progressEveryMs) {
      saidAt = performance.now()
      on.say(`004: waiting for a reservation, ${Math.round(elapsedMs / 1_000)} s so far`)
    }
    await sleep(pollMs)
  }
}

const reserving: readonly Check[] = [
  {
    name: 'the list shows a reservation_id once the item is reserved',
    source: 'returns a reservation-ID, which should also be displayed … when they list all items',
    need: 'required',
    run: async (on) => {
      if (on.waitMs === null) throw new Skip('--no-wait was given')
      const as = await asUser(on)
      const ids: string[] = []
      // Several, because the service refuses some: the mock of the original one in ten.
      for (let each = 0; each < reservedItems; each += 1) {
        ids.push(idOf(await addForRow(on, { name: on.newName('laptop'), quantity: 1 }, as)) ?? '')
      }
      const { rows, reserved, elapsedMs } = await waitForReservation(on, as, ids, on.waitMs)
      const seconds = (elapsedMs / 1_000).toFixed(1)
      if (reserved === undefined) {
        const answer = await on.send('GET', items, as)
        const statuses = rows.map(statusOf).join(', ')
        return fail(answer, `a reservation_id within ${seconds} s (the statuses are ${statuses})`)
      }
      if (statusOf(reserved) === 'pending') {
        fail(await on.send('GET', items, as), 'a reserved item not to be pending any more')
      }
      on.note(`${statusOf(reserved)} after ${seconds} s`)
    },
  },
]

export const reference004: Reference = {
  api: '004',
  title: 'with reservations (Go, PostgreSQL, Redis)',
  // Its API has no way to take anything out again.
  clear: async () => {},
  checks: [...adding, ...speed, ...listing, ...refusing, ...reserving],
}
