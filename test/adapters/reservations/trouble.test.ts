// Calls that fail: one that may have been carried out is never reported as unsent.
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

test('a call to a closed port is unsent', async () => {
  await using client = connect(await findDeadUrl())
  for (const call of everyCall(client)) {
    const outcome = await call
    assert.ok(outcome?.kind === 'unsent')
    assert.equal(outcome.retryAfterMs, 0)
    assert.match(outcome.reason, /ECONNREFUSED/)
  }
})

test('a call to a host name that does not resolve is unsent', async () => {
  await using client = connect(new URL('http://reservations.invalid'))
  assert.equal((await client.reserve(wanted(), calm())).kind, 'unsent')
})

test('a call without an answer has an unknown outcome after its timeout', async () => {
  await using service = await openOddService(() => {})
  await using client = connect(service.url, { timeoutMs: 200 })
  const started = performance.now()
  for (const outcome of await Promise.all(everyCall(client))) assert.equal(outcome?.kind, 'unknown')
  const tookMs = performance.now() - started
  assert.ok(tookMs >= 190 && tookMs < 2_000, `${tookMs} ms`)
})

test('the timeout includes the body: a call whose answer trickles has an unknown outcome', async () => {
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

test('a slow answer within the timeout is used', async () => {
  await using service = await openOddService((_call, response) => {
    setTimeout(() => response.end('{"reservation_id": 5}'), 400)
  })
  await using client = connect(service.url, { timeoutMs: 2_000 })
  const outcome = await client.reserve(wanted(), calm())
  assert.deepEqual(outcome, { kind: 'reserved', holdId: '5' })
})

test('a connection reset before, within or after the headers makes the outcome unknown', async () => {
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

test('a connection closed without an answer or within it makes the outcome unknown', async () => {
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

test('an answer that is not HTTP makes the outcome unknown', async () => {
  for (const written of ['SSH-2.0-OpenSSH_9\r\n', 'HTTP/1.1 abc\r\n\r\n', '\0\0\0\0']) {
    await using service = await openOddService((_call, response) => {
      response.socket?.end(written)
    })
    await using client = connect(service.url)
    assert.equal((await client.reserve(wanted(), calm())).kind, 'unknown')
  }
})

test('an answer of more than 64 KiB is not read, and its outcome is unknown', async () => {
  const padded = (length: number) => `{"reservation_id": 1${' '.repeat(length - 21)}}`
  await using full = await answering(200, padded(65_536))
  await using near = connect(full.url)
  assert.deepEqual(await near.reserve(wanted(), calm()), { kind: 'reserved', holdId: '1' })
  await using large = await answering(200, padded(65_537))
  await using client = connect(large.url)
  assert.equal((await client.reserve(wanted(), calm())).kind, 'unknown')
})

test('an answer without an end is not read on after the limit', async () => {
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

test('an abort signal ends open calls at once, with an unknown outcome', async () => {
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

test('a call that is aborted before it began is unsent', async () => {
  await using service = await answering(200)
  await using client = connect(service.url)
  const outcomes = await Promise.all(everyCall(client, AbortSignal.abort(new Error('stop'))))
  for (const outcome of outcomes) assert.equal(outcome?.kind, 'unsent')
  assert.equal(service.calls.length, 0)
})

test('a failed call does not affect the next one', async () => {
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

test('no more connections than allowed are open, and waiting calls are sent later', async () => {
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
