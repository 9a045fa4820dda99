// T2: a repeat is one request. Each key is sent up to 20 times at once, to any instance, and a third of the
// answers is lost on the way back; a client without an answer repeats its request. In the end each key counts
// once, with one answer for all.
import assert from 'node:assert/strict'
import test from 'node:test'
import { buildBroken } from '../support/process-build.ts'
import { openClient, type Reply, readCart } from '../support/process-client.ts'
import { isMissing, openFleet } from '../support/process-fleet.ts'
import { openFolder } from '../support/process-program.ts'
import { type CuttingProxy, openCuttingProxy } from '../support/process-proxy.ts'
import { drawBetween, scaled } from '../support/process-scale.ts'
import { type Installation, openInstallation } from '../support/process-service.ts'

const keys = scaled(500)
const keysAtOnce = 8
const repeatsMax = 20
const shareCut = 0.3
const carts = 20

type Key = { readonly key: string; readonly user: string }

const toKeys = (count: number): readonly Key[] =>
  Array.from({ length: count }, (_, n) => ({ key: `key-${n}`, user: `user-${n % carts}` }))

type Ask = (url: string, key: Key) => Promise<Reply>

const openAsker = () => {
  const client = openClient({ connections: keysAtOnce * repeatsMax })
  const ask: Ask = (url, { key, user }) =>
    client.send(`${url}/v1/cart/${user}/items`, {
      method: 'POST',
      body: { product_id: 'apple', quantity: 1 },
      // Both forms are the same key.
      headers: { 'idempotency-key': Math.random() < 0.5 ? key : `"${key}"` },
    })
  return { ask, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() }
}

const triesMax = 100

const askUntilAnswered = async (
  ask: Ask,
  proxies: readonly CuttingProxy[],
  key: Key,
): Promise<Reply> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask(proxies[drawBetween(0, proxies.length - 1)]?.url ?? '', key)
    } catch (error) {
      if (tries >= triesMax) throw error
    }
  }
}

/** What must be the same in every answer to one key. */
const essenceOf = ({ status, headers, text }: Reply): string =>
  JSON.stringify([status, headers.etag, headers.location, headers['content-type'], text])

type Found = {
  readonly sent: number
  readonly cut: number
  readonly statuses: Readonly<Record<string, number>>
  /** The one answer of each key. */
  readonly answers: ReadonlyMap<string, string>
  readonly differing: readonly string[]
}

const sendAll = async (
  ask: Ask,
  instances: readonly Installation[],
  all: readonly Key[],
): Promise<Found> => {
  await using stack = new AsyncDisposableStack()
  const proxies: CuttingProxy[] = []
  for (const { port } of instances) {
    proxies.push(stack.use(await openCuttingProxy(port, shareCut)))
  }
  const waiting = [...all]
  const answers = new Map<string, string>()
  const differing: string[] = []
  const statuses: Record<string, number> = {}
  let sent = 0
  const work = async () => {
    for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
      const repeats = drawBetween(1, repeatsMax)
      sent += repeats
      const one = key
      const replies = await Promise.all(
        Array.from({ length: repeats }, () => askUntilAnswered(ask, proxies, one)),
      )
      const essences = new Set(replies.map(essenceOf))
      if (essences.size > 1) differing.push(key.key)
      for (const { status } of replies) statuses[status] = (statuses[status] ?? 0) + 1
      for (const essence of essences) answers.set(key.key, essence)
    }
  }
  await Promise.all(Array.from({ length: keysAtOnce }, work))
  const cut = proxies.reduce((sum, proxy) => sum + proxy.cut(), 0)
  return { sent, cut, statuses, answers, differing }
}

const sumQuantities = async (url: string, prefix = 'user'): Promise<number> => {
  let sum = 0
  for (let n = 0; n < carts; n += 1) sum += (await readCart(url, `${prefix}-${n}`)).total_quantity
  return sum
}

for (const [layout, roles] of [
  ['embedded', ['all']],
  ['postgres', ['api', 'api', 'api']],
] as const) {
  const skip = isMissing(layout)
  const name = `T2: ${keys} keys count once each, however often they are sent, ${layout}`
  test(name, { skip }, async (t) => {
    using folder = openFolder()
    await using fleet = await openFleet({ layout, roles, folder: folder.path })
    await using asker = openAsker()
    const all = toKeys(keys)
    const found = await sendAll(asker.ask, fleet.apis, all)
    t.diagnostic(`${found.sent} sent, ${found.cut} answers cut, ${JSON.stringify(found.statuses)}`)
    assert.deepEqual(Object.keys(found.statuses), ['201'])
    assert.deepEqual(found.differing, [])
    assert.ok(found.cut > found.sent / 5, 'enough answers were cut')
    assert.equal(await sumQuantities(fleet.url), keys)

    await fleet.killAll()
    await fleet.restartAll()
    for (const key of all) {
      const reply = await asker.ask(fleet.drawUrl(), key)
      assert.equal(reply.headers['idempotent-replayed'], 'true')
      assert.equal(essenceOf(reply), found.answers.get(key.key))
    }
    assert.equal(await sumQuantities(fleet.url), keys)

    // The same keys of other shoppers are other keys.
    for (const { key, user } of all) {
      const other = { key, user: `other-${user}` }
      const { status, headers } = await asker.ask(fleet.drawUrl(), other)
      assert.equal(status, 201)
      assert.equal(headers['idempotent-replayed'], undefined)
    }
    assert.equal(await sumQuantities(fleet.url, 'other-user'), keys)
  })
}

test('T2 goes red on a service that ignores the key', async () => {
  using folder = openFolder()
  const build = buildBroken(folder.path, [
    {
      file: 'src/adapters/http/routes/answer-change.ts',
      from: 'key: key === null ? null : { key, fingerprint: fingerprintOf(method, resource, request) },',
      to: 'key: null,',
    },
  ])
  await using installation = await openInstallation({ folder: folder.path, build })
  await using asker = openAsker()
  const found = await sendAll(asker.ask, [installation], toKeys(20))
  assert.notDeepEqual(found.differing, [])
  assert.notEqual(await sumQuantities(installation.url), 20)
})
