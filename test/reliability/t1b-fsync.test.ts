// T1b: what kill -9 cannot show. Under strace, each answer with 2xx is written only after an fsync of the
// write-ahead log, which began after the change was written there.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { buildBroken } from '../support/process-build.ts'
import {
  addItem,
  type CartText,
  type Reply,
  type Sending,
  send,
} from '../support/process-client.ts'
import { openFolder } from '../support/process-program.ts'
import { scaled } from '../support/process-scale.ts'
import { root, startService } from '../support/process-service.ts'
import { type Call, readCalls, straceInto, straceIsMissing } from '../support/process-strace.ts'

const writes = scaled(200)
const clients = 4
const skip = straceIsMissing()

type Order = { readonly answered: number; readonly early: readonly string[] }

/** Answers by their request id, which is also the key that was stored with the effect. */
const checkOrder = (calls: readonly Call[], markers: readonly string[]): Order => {
  const logs = calls.filter(({ args }) => /^\d+<[^>]*cart\.db-wal>/.test(args))
  const logWrites = logs.filter(({ name }) => name.startsWith('pwrite') || name === 'write')
  const syncs = logs.filter(({ name }) => name === 'fsync' || name === 'fdatasync')
  const answers = calls.filter(({ args }) => /^\d+<[^>]*>.*"HTTP\/1\.1 2\d\d /.test(args))
  const early: string[] = []
  let answered = 0
  for (const marker of markers) {
    const answer = answers.find(({ args }) => args.includes(`x-request-id: ${marker}\\r`))
    if (answer === undefined) continue
    answered += 1
    const written = logWrites.find(({ args }) => args.includes(marker))
    const isSynced = syncs.some(
      (sync) =>
        written !== undefined && sync.beganAt > written.endedAt && sync.endedAt < answer.beganAt,
    )
    if (!isSynced) early.push(marker)
  }
  return { answered, early }
}

/** One of each kind of write, in turn, under a key that shows up in the log and in the answer. */
const change = async (url: string, user: string, turn: number, marker: string): Promise<Reply> => {
  const headers = { 'idempotency-key': marker, 'x-request-id': marker }
  const cart = `${url}/v1/cart/${user}`
  const { items } = JSON.parse((await send(cart)).text) as CartText
  const item = `${cart}/items/${items[0]?.item_id}`
  const as = (sending: Sending) => ({ headers, ...sending })
  if (items.length === 0 || turn % 5 === 0)
    return addItem(url, user, `product-${turn}`, { headers })
  if (turn % 5 === 1) return send(item, as({ method: 'PATCH', body: { quantity: 2 + turn } }))
  if (turn % 5 === 2) return send(item, as({ method: 'DELETE' }))
  if (turn % 5 === 3) return send(cart, as({ method: 'DELETE' }))
  const operations = [{ op: 'clear' }, { op: 'add', product_id: 'apple', quantity: 1 }]
  return send(`${cart}/operations`, as({ method: 'POST', body: { operations } }))
}

const traceWrites = async (build: string, count: number): Promise<Order> => {
  using folder = openFolder()
  const trace = join(folder.path, 'trace')
  const markers = Array.from({ length: count }, (_, n) => `marker-${n}-of-the-trace`)
  await using service = await startService({
    folder: folder.path,
    build,
    under: straceInto(trace),
  })
  const waiting = [...markers.entries()]
  const run = async (client: number) => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [turn, marker] = next
      const { status, text } = await change(service.url, `user-${client}`, turn, marker)
      assert.ok(status >= 200 && status < 300, `${status} ${text}`)
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, client) => run(client)))
  service.signal('SIGTERM')
  await service.ended
  return checkOrder(readCalls(readFileSync(trace, 'utf8')), markers)
}

test(`T1b: ${writes} answers are sent after the fsync of what they acknowledge`, {
  skip,
}, async (t) => {
  const { answered, early } = await traceWrites(root, writes)
  t.diagnostic(`${answered} answers, ${early.length} before their fsync`)
  assert.equal(answered, writes)
  assert.deepEqual(early, [])
})

test('T1b goes red with synchronous=NORMAL', { skip }, async (t) => {
  using folder = openFolder()
  const build = buildBroken(folder.path, [
    {
      file: 'src/adapters/stores/sqlite/database.ts',
      from: 'pragma synchronous = full',
      to: 'pragma synchronous = normal',
    },
  ])
  const { answered, early } = await traceWrites(build, 40)
  t.diagnostic(`${answered} answers, ${early.length} before their fsync`)
  assert.equal(early.length, answered)
})
