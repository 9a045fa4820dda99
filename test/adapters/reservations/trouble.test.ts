// Calls that end badly: what may have been carried out is never taken for what was not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReservationClient } from '../../../src/ports/reservation-client.ts'
import {
  answering,
  calm,
  connect,
  findDeadUrl,
  holdOf,
  keyOf,
  openOddService,
  wanted,
} from './odd-service.ts'

const everyCall = (client: ReservationClient, signal = calm()) => [
  client.reserve(wanted('a'), signal),
  client.reserveBatch([wanted('b')], signal).then(([first]) => first),
  client.release(keyOf('c'), holdOf('1'), signal),
  client.lookup(keyOf('d'), signal),
]

test('nobody listens: unsent, certainly not carried out', async () => {
  await using client = connect(await findDeadUrl())
  for (const call of everyCall(client)) {
    const outcome = await call
    assert.ok(outcome?.kind === 'unsent')
    assert.equal(outcome.retryAfterMs, 0)
    assert.match(outcome.reason, /ECONNREFUSED/)
  }
})

test('a name that does not resolve: unsent', async () => {
  await using client = connect(new URL('http://reservations.invalid'))
  assert.equal((await client.reserve(wanted(), calm())).kind, 'unsent')
})

test('an answer that never comes is unknown when its time is up', async () => {
  await using service = await openOddService(() => {})
  await using client = connect(service.url, { timeoutMs: 200 })
  const started = performance.now()
  for (const outcome of await Promise.all(everyCall(client))) assert.equal(outcome?.kind, 'unknown')
  const tookMs = performance.now() - started
  assert.ok(tookMs >= 190 && tookMs < 2_000, `${tookMs} ms`)
})

test('the time covers the body: one that drips is unknown, not waited for', async () => {
  await using service = await openOddService((_call, response) => {
    response.writeHead(200).write('{"reservation_id"')
    const timer = setInterval(() => response.write(' '), 20)
    response.on('close', () => clearInterval(timer))
  })
  await using client = connect(service.url, { timeoutMs: 200 })
  const started = performance.now()
  assert.equal((await client.reserve(wanted(), calm())).kind, 'unknown')
  assert.ok(performance.now() - started < 2_000)
})

test('a slow answer within its time is an answer', async () => {
  await using service = await openOddService((_call, response) => {
    setTimeout(() => response.end('{"reservation_id": 5}'), 400)
  })
  await using client = connect(service.url, { timeoutMs: 2_000 })
  const outcome = await client.reserve(wanted(), calm())
  assert.deepEqual(outcome, { kind: 'reserved', holdId: '5' })
})

test('a connection that is reset before, within or after the headers is unknown', async () => {
  const resets = [
    (socket: { resetAndDestroy(): unknown } | null) => socket?.resetAndDestroy(),
  ] as const
  for (const written of [
    '',
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"res',
  ]) {
    await using service = await openOddService((_call, response) => {
      const { socket } = response
      if (written === '') resets[0](socket)
      else socket?.write(written, () => setTimeout(() => resets[0](socket), 20))
    })
    await using client = connect(service.url)
    const outcome = await client.reserve(wanted(), calm())
    assert.equal(outcome.kind, 'unknown', written)
    assert.ok('reason' in outcome && outcome.reason.length > 0)
  }
})

test('a connection that is closed without or within an answer is unknown', async () => {
  for (const written of [
    '',
    'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"reservation_id": 1}',
  ]) {
    await using service = await openOddService((_call, response) => {
      response.socket?.end(written)
    })
    await using client = connect(service.url)
    assert.equal((await client.reserve(wanted(), calm())).kind, 'unknown')
  }
})

test('what is no HTTP is unknown', async () => {
  for (const written of ['SSH-2.0-OpenSSH_9\r\n', 'HTTP/1.1 abc\r\n\r\n', '\0\0\0\0']) {
    await using service = await openOddService((_call, response) => {
      response.socket?.end(written)
    })
    await using client = connect(service.url)
    assert.equal((await client.reserve(wanted(), calm())).kind, 'unknown')
  }
})

test('an answer of more than 64 KiB is not read to its end', async () => {
  const padded = (length: number) => `{"reservation_id": 1${' '.repeat(length - 21)}}`
  await using full = await answering(200, padded(65_536))
  await using near = connect(full.url)
  assert.deepEqual(await near.reserve(wanted(), calm()), { kind: 'reserved', holdId: '1' })
  await using large = await answering(200, padded(65_537))
  await using client = connect(large.url)
  assert.equal((await client.reserve(wanted(), calm())).kind, 'unknown')
})

test('an answer without an end is cut off', async () => {
  let sent = 0
  await using service = await openOddService((_call, response) => {
    response.writeHead(200)
    const more = () => {
      if (response.destroyed) return
      sent += 65_536
      response.write('x'.repeat(65_536), () => setImmediate(more))
    }
    more()
  })
  await using client = connect(service.url)
  assert.equal((await client.reserve(wanted(), calm())).kind, 'unknown')
  assert.ok(sent < 50_000_000, `${sent} bytes were taken`)
})

test('a signal breaks off open calls at once: unknown, they were sent', async () => {
  await using service = await openOddService(() => {})
  await using client = connect(service.url, { timeoutMs: 60_000 })
  const abort = new AbortController()
  const calls = Promise.all(everyCall(client, abort.signal))
  while (service.calls.length < 4) await new Promise((resolve) => setTimeout(resolve, 5))
  const started = performance.now()
  abort.abort(new Error('the worker stops'))
  for (const outcome of await calls) {
    assert.ok(outcome?.kind === 'unknown')
    assert.match(outcome.reason, /the worker stops/)
  }
  assert.ok(performance.now() - started < 1_000)
})

test('a call that is broken off before it began was not sent', async () => {
  await using service = await answering(200)
  await using client = connect(service.url)
  const outcomes = await Promise.all(everyCall(client, AbortSignal.abort(new Error('stop'))))
  for (const outcome of outcomes) assert.equal(outcome?.kind, 'unsent')
  assert.equal(service.calls.length, 0)
})

test('one bad call does not spoil the next', async () => {
  let count = 0
  await using service = await openOddService((_call, response) => {
    count += 1
    if (count % 2 === 1) response.socket?.resetAndDestroy()
    else response.end('{"reservation_id": 1}')
  })
  await using client = connect(service.url, { connections: 1 })
  for (const kind of ['unknown', 'reserved', 'unknown', 'reserved']) {
    assert.equal((await client.reserve(wanted(), calm())).kind, kind)
  }
})

test('no more connections than allowed are open, and waiting calls have their turn', async () => {
  let open = 0
  let most = 0
  await using service = await openOddService((_call, response) => {
    open += 1
    most = Math.max(most, open)
    setTimeout(() => {
      open -= 1
      response.end('{"reservation_id": 1}')
    }, 20)
  })
  await using client = connect(service.url, { connections: 3 })
  const calls = Array.from({ length: 12 }, (_, n) => client.reserve(wanted(`k${n}`), calm()))
  for (const outcome of await Promise.all(calls)) assert.equal(outcome.kind, 'reserved')
  assert.equal(most, 3)
})
