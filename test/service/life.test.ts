// The life of the process: it starts, is stopped or killed, and starts again with its data.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import test from 'node:test'
import { addItem, readCart, readLedger, send, untilIdle } from '../support/process-client.ts'
import { findFreePort } from '../support/process-port.ts'
import { openFolder, until, within } from '../support/process-program.ts'
import {
  flagsOfStart,
  type Service,
  startService,
  startSimulatorProcess,
} from '../support/process-service.ts'

const readiness = async (url: string) => {
  const { status, text } = await send(`${url}/ready`)
  return { code: status, status: (JSON.parse(text) as { status: string }).status }
}

/** Active holds by their reference. */
const activeHolds = async (simulatorUrl: string): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map<string, number>()
  for (const { reference, state } of await readLedger(simulatorUrl)) {
    if (state !== 'active' || reference === null) continue
    counts.set(reference, (counts.get(reference) ?? 0) + 1)
  }
  return counts
}

/** Every reservation of the cart is reserved, and has exactly one hold outside. */
const assertReservedOnce = async (
  url: string,
  simulatorUrl: string,
  user: string,
  count: number,
) => {
  const { items } = await readCart(url, user)
  const reservations = items.flatMap((item) => item.reservations)
  assert.deepEqual(
    reservations.map((r) => r.status),
    Array.from({ length: count }, () => 'reserved'),
  )
  const holds = await activeHolds(simulatorUrl)
  assert.deepEqual(
    reservations.map((r) => holds.get(r.id)),
    reservations.map(() => 1),
  )
  assert.equal(holds.size, count)
}

test('the service starts, is ready, and answers', async () => {
  using folder = openFolder()
  await using service = await startService({ folder: folder.path })
  const ready = await readiness(service.url)
  assert.equal(ready.code, 200)
  assert.equal(ready.status, 'ready')
  assert.equal((await addItem(service.url, 'ada', 'apple', { quantity: 2 })).status, 201)
  assert.equal((await readCart(service.url, 'ada')).total_quantity, 2)
  const { code } = await service.stop()
  assert.equal(code, 0)
})

/** Sends half of an addition, and the rest when the service has begun to stop. */
const addAcrossStop = async (service: Service): Promise<{ answer: string; socket: Socket }> => {
  const body = JSON.stringify({ product_id: 'apple', quantity: 3 })
  const socket = connect(service.port, '127.0.0.1')
  await once(socket, 'connect')
  const head = 'POST /v1/cart/ada/items HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
  socket.write(`${head}content-length: ${body.length}\r\n\r\n${body.slice(0, 10)}`)
  // An answer to a later request shows that the half one has been read.
  await readiness(service.url)
  service.signal('SIGTERM')
  await until('it stops', () => service.log().some(({ msg }) => msg === 'stopping'))
  socket.write(body.slice(10))
  const [answer] = (await within('the answer', once(socket, 'data'), 5_000)) as [Buffer]
  return { answer: answer.toString(), socket }
}

test('after SIGTERM a request that is coming in is answered, then the process ends with 0', async () => {
  using folder = openFolder()
  await using service = await startService({ folder: folder.path })
  const { answer, socket } = await addAcrossStop(service)
  assert.match(answer, /^HTTP\/1\.1 201 /)
  socket.end()
  const { code } = await within('the end', service.ended, 3_000)
  assert.equal(code, 0)
  await using again = await startService({ folder: folder.path })
  assert.equal((await readCart(again.url, 'ada')).total_quantity, 3)
})

test('after SIGTERM a client that keeps its connection open does not delay the end', async () => {
  using folder = openFolder()
  await using service = await startService({ folder: folder.path })
  const { answer, socket } = await addAcrossStop(service)
  assert.match(answer, /^HTTP\/1\.1 201 /)
  const { code } = await within('the end', service.ended, 3_000)
  assert.equal(code, 0)
  socket.destroy()
})

test('after SIGTERM clients that never finish their request do not delay the end', async () => {
  using folder = openFolder()
  const env = { HEADERS_TIMEOUT_MS: '1000', REQUEST_TIMEOUT_MS: '2000' }
  await using service = await startService({ folder: folder.path, env })
  const head = 'POST /v1/cart/ada/items HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
  const sockets = [head, `${head}content-length: 100\r\n\r\n{`].map((text) => {
    const socket = connect(service.port, '127.0.0.1').on('error', () => {})
    socket.write(text)
    return socket
  })
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  await readiness(service.url)
  service.signal('SIGTERM')
  const { code } = await within('the end', service.ended, 8_000)
  assert.equal(code, 0)
  for (const socket of sockets) socket.destroy()
})

test('after SIGTERM jobs are put back, and the next start reserves them, once', async () => {
  using folder = openFolder()
  const latency = { SIMULATOR_LATENCY_MIN_MS: '1500', SIMULATOR_LATENCY_MAX_MS: '1500' }
  await using simulator = await startSimulatorProcess(folder.path, latency)
  const env = { RESERVATION_SERVICE_URL: simulator.url }
  await using service = await startService({ folder: folder.path, env })
  for (const product of ['apple', 'pear', 'plum']) await addItem(service.url, 'ada', product)
  const under = /^reservation_calls_open 3$/m
  await until('three calls are open', async () => {
    return under.test((await send(`${service.url}/metrics`)).text)
  })
  const startedAt = Date.now()
  assert.equal((await service.stop()).code, 0)
  assert.ok(Date.now() - startedAt < 1_200, 'it did not wait for the calls')
  await using again = await startService({ folder: folder.path, env })
  await untilIdle(again.url)
  await assertReservedOnce(again.url, simulator.url, 'ada', 3)
})

test('a second SIGTERM ends the service at once', async () => {
  using folder = openFolder()
  const env = { SHUTDOWN_DELAY_MS: '15000' }
  await using service = await startService({ folder: folder.path, env })
  service.signal('SIGTERM')
  await until('it stops', () => service.log().some(({ msg }) => msg === 'stopping'))
  service.signal('SIGTERM')
  const { code } = await within('the end', service.ended, 2_000)
  assert.equal(code, 143)
})

test('after kill -9 the cart is there again, and its pending reservation is made, once', async () => {
  using folder = openFolder()
  const latency = { SIMULATOR_LATENCY_MIN_MS: '400', SIMULATOR_LATENCY_MAX_MS: '400' }
  await using simulator = await startSimulatorProcess(folder.path, latency)
  const env = { RESERVATION_SERVICE_URL: simulator.url }
  await using service = await startService({ folder: folder.path, env })
  assert.equal((await addItem(service.url, 'ada', 'apple', { quantity: 4 })).status, 201)
  await service.kill()
  await using again = await startService({ folder: folder.path, env })
  const cart = await readCart(again.url, 'ada')
  assert.equal(cart.total_quantity, 4)
  await untilIdle(again.url)
  await assertReservedOnce(again.url, simulator.url, 'ada', 1)
})

test('while the service drains, /ready is 503 and requests are still answered', async () => {
  using folder = openFolder()
  const env = { SHUTDOWN_DELAY_MS: '1500' }
  await using service = await startService({ folder: folder.path, env })
  service.signal('SIGTERM')
  const draining = await until('/ready answers 503', async () => {
    const ready = await readiness(service.url)
    return ready.code === 503 && ready
  })
  assert.equal(draining.status, 'draining')
  assert.ok(!service.log().some(({ msg }) => msg === 'stopped'))
  const added = await addItem(service.url, 'ada', 'apple')
  assert.equal(added.status, 201)
  // So that keep-alive clients go elsewhere before the port closes.
  assert.equal(added.headers.connection, 'close')
  const { code } = await within('the end', service.ended, 5_000)
  assert.equal(code, 0)
})

test('with npm start the simulator runs beside the service and ends with it', async () => {
  using folder = openFolder()
  const simulatorPort = await findFreePort()
  const simulatorUrl = `http://127.0.0.1:${simulatorPort}`
  await using service = await startService({
    folder: folder.path,
    flags: flagsOfStart(),
    env: {
      SIMULATOR_PORT: String(simulatorPort),
      SIMULATOR_LATENCY_MIN_MS: '50',
      SIMULATOR_LATENCY_MAX_MS: '100',
    },
  })
  await addItem(service.url, 'ada', 'apple')
  await untilIdle(service.url)
  await assertReservedOnce(service.url, simulatorUrl, 'ada', 1)
  await service.kill()
  await until('the simulator is gone', () =>
    send(`${simulatorUrl}/health`).then(
      () => false,
      () => true,
    ),
  )
})

// The most that one item may hold.
const unitsMax = 9_999

test('every unit that 32 clients add at the same time counts', async () => {
  using folder = openFolder()
  const latency = { SIMULATOR_LATENCY_MIN_MS: '20', SIMULATOR_LATENCY_MAX_MS: '60' }
  await using simulator = await startSimulatorProcess(folder.path, latency)
  const env = { RESERVATION_SERVICE_URL: simulator.url }
  await using service = await startService({ folder: folder.path, env })
  const endsAt = Date.now() + 2_000
  const refused: string[] = []
  let [sent, added] = [0, 0]
  const addUntilTheEnd = async () => {
    while (Date.now() < endsAt && sent < unitsMax) {
      sent += 1
      const { status, text } = await addItem(service.url, 'ada', 'apple', {
        headers: { prefer: 'return=minimal' },
      })
      if (status === 201) added += 1
      else refused.push(`${status} ${text}`)
    }
  }
  await Promise.all(Array.from({ length: 32 }, addUntilTheEnd))
  assert.deepEqual(refused, [])
  assert.ok(added > 100, `${added} additions are too few to show anything`)
  await untilIdle(service.url)
  const [item] = (await readCart(service.url, 'ada')).items
  assert.equal(item?.quantity, added)
  assert.equal(item?.reservation.reserved_quantity, added)
  const held = (await readLedger(simulator.url)).reduce((sum, { quantity }) => sum + quantity, 0)
  assert.equal(held, added)
})
