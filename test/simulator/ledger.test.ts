// The ledger: its pages and filters, and that it survives any end of the program.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { startSimulator } from '../../simulator/start.ts'
import {
  call,
  fast,
  findFreePort,
  mainPath,
  openFolder,
  release,
  reserve,
  startMain,
  startProgram,
  until,
} from './support.ts'

type Page = { holds: { reservation_id: number; reference: string }[]; next: number | null }

test('GET /ledger shows each hold, and how many are active and released', async () => {
  await using simulator = await startSimulator(fast)
  const { body } = await reserve(simulator.url, 'a')
  await reserve(simulator.url, 'b')
  await release(simulator.url, body.reservation_id)
  const ledger = (await call(`${simulator.url}/ledger`)).body
  assert.equal(ledger.active, 1)
  assert.equal(ledger.released, 1)
  assert.equal(ledger.next, null)
  const [first, second] = ledger.holds as Record<string, unknown>[]
  assert.match(String(first?.made_at), /^\d{4}-\d\d-\d\dT.*Z$/)
  assert.match(String(first?.released_at), /^\d{4}-\d\d-\d\dT.*Z$/)
  assert.deepEqual(
    { ...second, made_at: '' },
    {
      reservation_id: Number(body.reservation_id) + 1,
      reference: 'b',
      key: 'b',
      item: 'apple',
      quantity: 1,
      state: 'active',
      made_at: '',
      released_at: null,
    },
  )
})

test('GET /ledger filters by reference and state', async () => {
  await using simulator = await startSimulator({ ...fast, grade: 'bare' })
  const first = await reserve(simulator.url, 'a')
  await reserve(simulator.url, 'a')
  await reserve(simulator.url, 'b')
  await release(simulator.url, first.body.reservation_id)
  const ids = async (query: string) => {
    const { holds } = (await call(`${simulator.url}/ledger?${query}`)).body as unknown as Page
    return holds.map(({ reservation_id }) => reservation_id)
  }
  assert.deepEqual(await ids('reference=a'), [1, 2])
  assert.deepEqual(await ids('state=active'), [2, 3])
  assert.deepEqual(await ids('state=released'), [1])
  assert.deepEqual(await ids('reference=a&state=active'), [2])
  const { body } = await call(`${simulator.url}/ledger?reference=a&state=active`)
  assert.deepEqual([body.active, body.released], [1, 1])
})

test('the pages of GET /ledger have every hold once', async () => {
  await using simulator = await startSimulator(fast)
  await Promise.all(Array.from({ length: 25 }, (_, n) => reserve(simulator.url, `r${n}`)))
  const seen: number[] = []
  let after: number | null = 0
  while (after !== null) {
    const answer = await call(`${simulator.url}/ledger?limit=10&after=${after}`)
    const page = answer.body as unknown as Page
    assert.ok(page.holds.length <= 10)
    seen.push(...page.holds.map(({ reservation_id }) => reservation_id))
    after = page.next
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, n) => n + 1),
  )
})

test('GET /ledger refuses filters that it does not know', async () => {
  await using simulator = await startSimulator(fast)
  for (const query of ['limit=0', 'limit=10001', 'after=x', 'state=gone', 'refrence=a']) {
    assert.equal((await call(`${simulator.url}/ledger?${query}`)).status, 400, query)
  }
})

test('every acknowledged hold survives kill -9, and its key is still answered with it', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'new', 'ledger.db')
  const answered = new Map<string, unknown>()
  {
    await using program = await startMain(path)
    let isKilled = false
    const client = async (name: number) => {
      for (let n = 0; !isKilled; n += 1) {
        const key = `c${name}-${n}`
        const answer = await reserve(program.url, key).catch(() => undefined)
        if (answer?.status === 200) answered.set(key, answer.body.reservation_id)
      }
    }
    const clients = Array.from({ length: 8 }, (_, name) => client(name))
    await until('much is reserved', () => answered.size > 200)
    program.child.kill('SIGKILL')
    await program.ended
    isKilled = true
    await Promise.all(clients)
  }
  await using program = await startMain(path)
  const { body } = await call(`${program.url}/ledger?limit=10000`)
  const held = new Map(
    (body as unknown as Page).holds.map((hold) => [hold.reference, hold.reservation_id]),
  )
  for (const [key, id] of answered) assert.equal(held.get(key), id)
  const [key, id] = [...answered][0] ?? []
  assert.equal((await reserve(program.url, key)).body.reservation_id, id)
})

test('a released hold stays released over a restart', async () => {
  using folder = openFolder()
  const ledger = join(folder.path, 'ledger.db')
  {
    await using simulator = await startSimulator({ ...fast, ledger })
    const { body } = await reserve(simulator.url, 'k')
    await release(simulator.url, body.reservation_id)
  }
  await using simulator = await startSimulator({ ...fast, ledger })
  assert.deepEqual(simulator.ledger.count(), { active: 0, released: 1 })
  assert.equal((await release(simulator.url, 1)).status, 410)
  const { body } = await call(`${simulator.url}/reserve`, 'POST', { item: 'next' })
  assert.equal(body.reservation_id, 2)
})

async function startAndFail(ledger: string) {
  const port = String(await findFreePort())
  const env = { SIMULATOR_LEDGER: ledger, SIMULATOR_PORT: port }
  await using program = startProgram([mainPath], env)
  const { code } = await program.ended
  return { code, lines: program.output().stderr.trimEnd().split('\n') }
}

test('a damaged ledger is refused with one line, exit code 1', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'ledger.db')
  writeFileSync(path, 'this is no database, however long one looks at it'.repeat(100))
  const { code, lines } = await startAndFail(path)
  assert.equal(code, 1)
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /cannot use the ledger .*: file is not a database/)
})

test('a ledger whose pages are damaged is refused with one line', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'ledger.db')
  {
    await using simulator = await startSimulator({ ...fast, ledger: path })
    await Promise.all(Array.from({ length: 200 }, (_, n) => reserve(simulator.url, `r${n}`)))
  }
  writeFileSync(path, Buffer.alloc(4096, 0xff), { flag: 'r+' })
  const { code, lines } = await startAndFail(path)
  assert.equal(code, 1)
  assert.equal(lines.length, 1)
})

test("another program's database is refused and left as it was", async () => {
  using folder = openFolder()
  const path = join(folder.path, 'cart.db')
  {
    using database = new DatabaseSync(path)
    database.exec('create table carts (id text)')
  }
  const { code, lines } = await startAndFail(path)
  assert.equal(code, 1)
  assert.match(lines.join('\n'), /not a simulator's ledger/)
  using database = new DatabaseSync(path)
  const tables = database.prepare('select name from sqlite_schema').all()
  assert.equal(tables.length, 1)
})

test('two simulators cannot share a ledger', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'ledger.db')
  await using _first = await startMain(path)
  const { code, lines } = await startAndFail(path)
  assert.equal(code, 1)
  assert.match(lines.join('\n'), /another process is using it/)
})
