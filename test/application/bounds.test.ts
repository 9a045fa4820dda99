// How many commands a handler accepts, and when it is drained.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { handleCommands } from '../../src/application/carts/handle-command.ts'
import { keepWarmCarts } from '../../src/application/carts/warm-carts.ts'
import type { CartId } from '../../src/domain/ids.ts'
import { limits } from '../../src/domain/limits.ts'
import { ada, noon } from '../support/store-changes.ts'
import { openFreshMemoryStore } from '../support/store-folders.ts'
import { toGated } from '../support/store-wrappers.ts'
import { allRefused, isRefused, onlyItem, openHandler, orThrow } from './handler.ts'
import { times } from './over-stores.ts'
import { openRecorder } from './recorder.ts'
import { add, clear, encoders, remove, set, toRequest } from './requests.ts'

test('more commands than a lane holds are refused before any effect', async () => {
  await using store = await openFreshMemoryStore()
  const gated = toGated(store)
  const handler = openHandler(gated.store)
  const first = handler.ask(add())
  const waiting = times(limits.commandsPerLane, () => handler.ask(clear))
  const refused = times(3, () => handler.ask(add(1, 'too late'), { key: 'k' }))
  await allRefused(refused, 'cart-busy')
  // Another cart is not affected.
  assert.equal((await handler.ask(clear, {}, 'bob' as CartId)).replayed, false)
  gated.open()
  await Promise.all([first, ...waiting])
  await handler.drained()
  assert.equal(handler.busyCarts(), 0)
  const { cart, answers } = await store.load(ada, [{ caller: 'ada', key: 'k' }])
  assert.deepEqual([cart.items.length, cart.revision, answers.length], [0, 2, 0])
})

test('a read that waits for a full lane is refused like a command', async () => {
  await using store = await openFreshMemoryStore()
  const gated = toGated(store)
  const handler = openHandler(gated.store, 'cold')
  const waiting = times(limits.commandsPerLane + 1, () => handler.ask(add()))
  await assert.rejects(handler.read(ada), isRefused('cart-busy'))
  gated.open()
  await Promise.allSettled(waiting)
})

test('a handler is drained when every command is answered', async () => {
  await using store = await openFreshMemoryStore()
  const gated = toGated(store)
  // The handler itself: a copy of an answer comes later than the answer.
  const commands = handleCommands({
    store: gated.store,
    warmCarts: keepWarmCarts(1_000_000),
    encoders,
    reporter: openRecorder().reporter,
    now: () => noon,
    onJobs: () => {},
  })
  let answered = 0
  const all = times(5, (index) =>
    commands.handle(toRequest(add(), {}, `cart ${index}` as CartId)).then(orThrow),
  )
  for (const one of all) void one.then(() => (answered += 1))
  assert.equal(commands.busyCarts(), 5)
  gated.open()
  await commands.drained()
  assert.equal(answered, 5)
})

test('jobs are announced by writes that make them due, and by no others', async () => {
  await using store = await openFreshMemoryStore()
  const handler = openHandler(store)
  await handler.ask(add())
  assert.equal(handler.nudges(), 1)
  const { id } = onlyItem(await handler.read(ada))
  await handler.ask(set(id, 1))
  await handler.ask(clear, { key: 'k' }, 'bob' as CartId)
  await assert.rejects(handler.ask(set(id, 99_999)), isRefused('quantity-limit'))
  assert.equal(handler.nudges(), 1)
  await handler.ask(remove(id))
  assert.equal(handler.nudges(), 2)
})
