// A product service that hangs, fails, resets, trickles or answers nonsense: requests are answered in time, from
// the cache where it has the product.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { findDeadUrl } from '../reservations/odd-service.ts'
import { isCartError } from './is-cart-error.ts'
import { type Answer, answer, openCatalogAt, openProductServer } from './product-server.ts'

// Without an id: an answer for any product.
const lamp = { name: 'Lamp', price: '12.99' }
const never: Answer = () => {}
const trickle: Answer = (response) => {
  response.writeHead(200)
  const timer = setInterval(() => response.write(' '), 20)
  response.on('close', () => clearInterval(timer))
}

const faults: Readonly<Record<string, readonly [answer: Answer, reason: RegExp]>> = {
  'hangs before its answer': [never, /no answer within 300 ms/],
  'trickles its answer': [trickle, /no answer within 300 ms/],
  'resets the connection': [(response) => void response.socket?.resetAndDestroy(), /./],
  'closes the connection': [(response) => void response.socket?.destroy(), /./],
  'stops in the middle': [
    (response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"id":', () => response.socket?.destroy())
    },
    /./,
  ],
  'answers 500': [answer(500, 'oops'), /it answered 500/],
  'answers 503': [answer(503), /it answered 503/],
  'answers 401': [answer(401), /it answered 401/],
  'answers 204': [answer(204), /it answered 204/],
  'answers 302': [answer(302, '', { location: '/products/other' }), /it answered 302/],
  'answers more than 64 KB': [
    answer(200, { ...lamp, description: 'x'.repeat(66_000) }),
    /larger than 65536 bytes/,
  ],
  'answers without end': [
    (response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    },
    /larger than 65536 bytes/,
  ],
  'answers nothing': [answer(200), /is not JSON/],
  'answers an HTML page': [answer(200, '<html>200 OK</html>'), /is not JSON/],
  'answers bytes that are no text': [answer(200, Buffer.from('fffe00', 'hex')), /is not JSON/],
  'answers a list': [answer(200, [lamp]), /is not an object/],
  'answers null': [answer(200, 'null'), /is not an object/],
  'answers another product': [answer(200, { ...lamp, id: 'LAMP' }), /another product/],
  'answers a price with too many decimals': [answer(200, { ...lamp, price: 1.239 }), /decimals/],
  'answers a negative price': [answer(200, { ...lamp, price: -1 }), /decimal number/],
  'answers a price that is a word': [answer(200, { ...lamp, price: 'free' }), /decimal number/],
  'answers half a cent': [answer(200, { ...lamp, price: { amount: 0.5 } }), /minor units/],
  'answers an amount that is a text': [
    answer(200, { ...lamp, price: { amount: '5' } }),
    /minor units/,
  ],
  'answers an unknown currency': [answer(200, { ...lamp, currency: 'QQQ' }), /ISO 4217/],
  'answers a name with a control character': [answer(200, { ...lamp, name: 'a\u0000' }), /name/],
}

const quick = { timeoutMs: 300, patienceMs: 100 }

for (const [what, [fault, reason]] of Object.entries(faults)) {
  test(`when the service ${what}, a cached product stays and an unknown one is unavailable`, async () => {
    await using server = await openProductServer(answer(200, lamp))
    await using catalog = await openCatalogAt(server.url, { ...quick, freshMs: 0 })
    await catalog.findProducts(['lamp'])
    server.answer = fault
    const startedAt = performance.now()
    const found = await catalog.findProducts(['lamp'])
    assert.ok(performance.now() - startedAt < 250)
    assert.deepEqual(found.get('lamp')?.price, { amount: 1_299, currency: 'USD' })
    assert.equal((await catalog.peekProducts(['lamp']))?.size, 1)
    await assert.rejects(catalog.findProducts(['unknown']), isCartError(reason))
    await assert.rejects(catalog.findProducts(['lamp', 'unknown']), isCartError(reason))
    assert.equal(await catalog.peekProducts(['lamp', 'unknown']), null)
    assert.ok(performance.now() - startedAt < 1_500)
    await assert.rejects(catalog.check(), isCartError(reason))
    assert.equal(catalog.troubles.length, 1)
    assert.match(catalog.troubles[0] ?? '', /^the product service cannot be asked for "/)
    assert.ok(server.ids().every((id) => id !== 'other'))
    assert.equal(await catalog.hasUser('ada'), true)
    server.answer = (response, call) =>
      call.path === '/products/lamp'
        ? answer(200, { ...lamp, price: 5 })(response, call)
        : answer(404)(response, call)
    await catalog.check()
    assert.equal((await catalog.findProducts(['lamp'])).get('lamp')?.price?.amount, 500)
  })
}

test('without a server at the URL products are unavailable, with the reason', async () => {
  await using catalog = await openCatalogAt(await findDeadUrl())
  await catalog.check()
  await assert.rejects(catalog.findProducts(['lamp']), isCartError(/ECONNREFUSED/))
  await assert.rejects(catalog.check(), isCartError(/ECONNREFUSED/))
})

test('a cached product that is too old is not used, even when the service is unavailable', async () => {
  await using server = await openProductServer(answer(200, lamp))
  await using catalog = await openCatalogAt(server.url, { freshMs: 0, staleMs: 100 })
  await catalog.findProducts(['lamp'])
  server.answer = answer(500)
  assert.equal((await catalog.findProducts(['lamp'])).size, 1)
  await sleep(120)
  await assert.rejects(catalog.findProducts(['lamp']), isCartError(/500/))
})

test('a slow answer comes too late for its request, and is used for the next one', async () => {
  await using server = await openProductServer(answer(200, lamp))
  await using catalog = await openCatalogAt(server.url, { freshMs: 50, patienceMs: 50 })
  await catalog.findProducts(['lamp'])
  server.answer = (response, call) =>
    void setTimeout(() => answer(200, { ...lamp, price: 5 })(response, call), 200)
  await sleep(60)
  assert.equal((await catalog.findProducts(['lamp'])).get('lamp')?.price?.amount, 1_299)
  await sleep(200)
  assert.equal((await catalog.findProducts(['lamp'])).get('lamp')?.price?.amount, 500)
})

test('the breaker stops calls to a service that only fails, until one good answer', async () => {
  await using server = await openProductServer(answer(500))
  const breaker = { enabled: true, cooldownMs: 200 }
  await using catalog = await openCatalogAt(server.url, { breaker })
  for (let asked = 0; asked < 30; asked += 1) {
    await assert.rejects(catalog.findProducts([`p${asked}`]), isCartError(/500|breaker is open/))
  }
  assert.equal(server.calls.length, 10)
  await assert.rejects(catalog.check(), isCartError(/breaker is open/))
  server.answer = answer(404)
  await sleep(220)
  await catalog.check()
  assert.equal((await catalog.findProducts(['lamp'])).size, 0)
})

test('without a breaker every look-up calls a service that only fails', async () => {
  await using server = await openProductServer(answer(500))
  const breaker = { enabled: false, cooldownMs: 200 }
  await using catalog = await openCatalogAt(server.url, { breaker })
  for (let asked = 0; asked < 15; asked += 1) {
    await assert.rejects(catalog.findProducts([`p${asked}`]), isCartError(/500/))
  }
  assert.equal(server.calls.length, 15)
})

test('products that wait too long for a free call are unavailable in time, and do not open the breaker', async () => {
  await using server = await openProductServer((response, call) => {
    setTimeout(() => answer(404)(response, call), 100)
  })
  await using catalog = await openCatalogAt(server.url, { connections: 1, timeoutMs: 250 })
  const ids = Array.from({ length: 40 }, (_, index) => `p${index}`)
  const startedAt = performance.now()
  const asked = await Promise.allSettled(ids.map((id) => catalog.findProducts([id])))
  assert.ok(performance.now() - startedAt < 1_000)
  assert.ok(asked.filter(({ status }) => status === 'fulfilled').length >= 2)
  // The breaker is still closed.
  assert.equal((await catalog.findProducts(['p40'])).size, 0)
})

test('a look-up of more products than may wait is refused at once', async () => {
  await using server = await openProductServer(never)
  await using catalog = await openCatalogAt(server.url, { connections: 1, timeoutMs: 500 })
  const ids = Array.from({ length: 1_100 }, (_, index) => `p${index}`)
  const startedAt = performance.now()
  await assert.rejects(catalog.findProducts(ids), isCartError(/too many products/))
  assert.ok(performance.now() - startedAt < 400)
})

test('the catalog can be closed while calls are open', async () => {
  await using server = await openProductServer(never)
  const catalog = await openCatalogAt(server.url)
  const asked = assert.rejects(catalog.findProducts(['lamp']), isCartError(/./))
  await sleep(20)
  await catalog[Symbol.asyncDispose]()
  await asked
  assert.deepEqual(catalog.troubles, [])
})
