// The server on a real socket: broken, slow, endless and doubled requests, and what stays open.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HttpService, itemAt, openHttpService, worldOf } from '../../support/http-service.ts'
import { assertIsProblem, assertProblem, read } from '../../support/http-shapes.ts'
import { exchange, listen, toBytes } from '../../support/http-socket.ts'

const json = 'content-type: application/json'
const body = '{"product_id":"lamp","quantity":1}'
const post = 'POST /v1/cart/ann/items'
const get = 'GET /v1/cart/ann'

const one = async (port: number, bytes: string | Buffer) => {
  const { answers } = await exchange(port, { bytes, answers: 1 })
  return itemAt(answers, 0)
}

const quantity = async (service: HttpService) =>
  read('cart', await service.ask('GET', '/v1/cart/ann')).total_quantity

test('headers that could contradict each other are refused when they are doubled', async () => {
  await using service = await openHttpService()
  const port = await listen(service)
  const doubled: readonly (readonly [string, string])[] = [
    ['idempotency-key: a', 'Idempotency-Key: b'],
    ['idempotency-key: a', 'idempotency-key: a'],
    ['if-match: "0.0"', 'If-Match: *'],
    ['authorization: Bearer a', 'Authorization: Bearer b'],
    [json, 'Content-Type: application/json'],
    [json, 'Content-Type: text/plain'],
    ['HOST: elsewhere', 'accept: */*'],
  ]
  for (const lines of doubled) {
    const needed = lines.includes(json) ? [] : [json]
    const answer = await one(port, toBytes(post, [...needed, ...lines], body))
    const { errors } = assertProblem(answer, 'invalid-request')
    assert.equal(errors?.[0]?.pointer, `/headers/${lines[0].split(':')[0]?.toLowerCase()}`)
  }
  const tags = await one(port, toBytes(get, ['if-none-match: "1.1"', 'if-none-match: "2.2"']))
  assertProblem(tags, 'invalid-request')
  const fine = await one(
    port,
    toBytes(post, [json, 'accept: a', 'accept: b', 'x-a: 1', 'x-a: 2'], body),
  )
  assert.equal(fine.status, 201)
  assert.equal(await quantity(service), 1)
})

test('a request without Host is refused with a problem', async () => {
  await using service = await openHttpService()
  const port = await listen(service)
  const answer = await one(port, 'GET /health HTTP/1.1\r\n\r\n')
  assert.equal(assertProblem(answer, 'invalid-request').errors?.[0]?.pointer, '/headers/host')
  assert.equal((await one(port, 'GET /health HTTP/1.0\r\n\r\n')).status, 200, 'HTTP/1.0 had none')
})

test('a request with an expectation that cannot be met is refused with a problem', async () => {
  await using service = await openHttpService()
  const port = await listen(service)
  const tea = await one(port, toBytes(post, [json, 'expect: tea'], body))
  assert.equal(assertIsProblem(tea).code, 'invalid-request')
  assert.equal(await quantity(service), 0)
  const fine = await one(port, toBytes(post, [json, 'expect: 100-continue'], body))
  assert.equal(fine.status, 201)
})

const head = `${post} HTTP/1.1\r\nhost: a\r\n${json}\r\n`

const brokenRequests: Readonly<Record<string, string | Buffer>> = {
  'TLS where HTTP is spoken': Buffer.from('16030100ff010000fb0303', 'hex'),
  'not HTTP at all': 'HELO cart\r\n\r\n',
  'an unknown method': 'FETCH /health HTTP/1.1\r\nhost: a\r\n\r\n',
  'another version': 'GET /health HTTP/3.0\r\nhost: a\r\n\r\n',
  'a space in the path': 'GET /v1/cart/a b HTTP/1.1\r\nhost: a\r\n\r\n',
  'raw bytes in the path': Buffer.from('GET /v1/cart/\xff HTTP/1.1\r\nhost: a\r\n\r\n', 'latin1'),
  'NUL in a header': 'GET /health HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n',
  'a header without a name': 'GET /health HTTP/1.1\r\nhost: a\r\n: x\r\n\r\n',
  'a folded header': 'GET /health HTTP/1.1\r\nhost: a\r\nx: a\r\n b\r\n\r\n',
  'a bare line feed in a header': 'GET /health HTTP/1.1\r\nhost: a\r\nx: a\nb: c\r\n\r\n',
  'a length that is no number': `${head}content-length: x\r\n\r\n`,
  'a negative length': `${head}content-length: -1\r\n\r\n`,
  'two lengths': `${head}content-length: 1\r\ncontent-length: 2\r\n\r\n`,
  'a length beyond 64 bits': `${head}content-length: 99999999999999999999\r\n\r\n`,
  'a length and chunks': `${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  'chunks that are none': `${head}transfer-encoding: chunked\r\n\r\nzz\r\n`,
  'an encoding that is not chunked': `${head}transfer-encoding: gzip\r\n\r\nzz`,
}

test('bytes that are not readable HTTP are answered with a problem, and the connection ends', async () => {
  await using service = await openHttpService()
  const port = await listen(service)
  for (const [name, bytes] of Object.entries(brokenRequests)) {
    const { answers, closedBy } = await exchange(port, { bytes })
    assert.equal(answers.length, 1, name)
    assert.equal(assertIsProblem(itemAt(answers, 0)).code, 'invalid-request', name)
    assert.equal(closedBy, 'server', name)
  }
  const large = `GET /health HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`
  const many = `GET /health HTTP/1.1\r\nhost: a\r\n${'a: b\r\n'.repeat(5_000)}\r\n`
  for (const bytes of [large, many]) {
    const { answers } = await exchange(port, { bytes })
    assert.equal(assertIsProblem(itemAt(answers, 0)).code, 'headers-too-large')
  }
  assert.equal((await one(port, toBytes(get))).status, 200, 'others are served')
})

test('a request that announces a gigabyte is refused at once, without being read', async () => {
  await using service = await openHttpService()
  const port = await listen(service)
  const announced = (head: string, type: string) =>
    `${head} HTTP/1.1\r\nhost: a\r\n${type}\r\ncontent-length: 1000000000\r\n\r\n{`
  const large = await exchange(port, { bytes: announced(post, json) })
  assertProblem(itemAt(large.answers, 0), 'body-too-large')
  assert.equal(large.closedBy, 'server')
  const text = await one(port, announced(post, 'content-type: text/plain'))
  assertProblem(text, 'unsupported-media-type')
  assertProblem(await one(port, announced('POST /nowhere', json)), 'route-not-found')
})

test('a chunked body that never ends is refused at the limit', async () => {
  await using service = await openHttpService()
  const port = await listen(service)
  const chunk = `1000\r\n${'x'.repeat(4_096)}\r\n`
  const head = `${post} HTTP/1.1\r\nhost: a\r\n${json}\r\ntransfer-encoding: chunked\r\n\r\n`
  let timer: NodeJS.Timeout | undefined
  const { answers, closedBy } = await exchange(port, {
    bytes: head,
    onSent: (socket) => {
      timer = setInterval(() => socket.write(chunk), 1)
    },
  })
  clearInterval(timer)
  assertProblem(itemAt(answers, 0), 'body-too-large')
  assert.equal(closedBy, 'server')
})

test('a body of exactly 64 KiB is read, in chunks as well', async () => {
  await using service = await openHttpService()
  const port = await listen(service)
  const full = body.padEnd(65_536)
  assert.equal((await one(port, toBytes(post, [json], full))).status, 201)
  const chunked = `${post} HTTP/1.1\r\nhost: a\r\n${json}\r\ntransfer-encoding: chunked\r\n\r\n`
  const bytes = `${chunked}10000\r\n${full}\r\n0\r\n\r\n`
  assert.equal((await one(port, bytes)).status, 201)
  assertProblem(await one(port, toBytes(post, [json], `${full} `)), 'body-too-large')
  assert.equal(await quantity(service), 2)
})

test('headers and bodies that do not arrive in time are 408, and the connection ends', async () => {
  await using service = await openHttpService()
  const port = await listen(service)
  const before = await worldOf(service, 'ann')
  // Bounds of 1 s for headers and 4 s for a request, looked at every second.
  const slow = [
    [`${get} HTTP/1.1\r\nhost: a\r\n`, 1_000],
    [`${head}content-length: 100\r\n\r\n{`, 4_000],
    ['', 1_000],
  ] as const
  const ends = await Promise.all(
    slow.map(async ([bytes, boundMs]) => ({ boundMs, ...(await exchange(port, { bytes })) })),
  )
  for (const { answers, closedBy, tookMs, boundMs } of ends) {
    assert.ok(tookMs >= boundMs - 50 && tookMs < boundMs + 2_500, `${tookMs} ms of ${boundMs}`)
    assert.equal(assertIsProblem(itemAt(answers, 0)).code, 'request-timeout')
    assert.equal(closedBy, 'server')
  }
  assert.equal(await worldOf(service, 'ann'), before)
})

test('a client that disconnects in the middle of its body changes nothing', async () => {
  await using service = await openHttpService()
  const port = await listen(service)
  const bytes = `${head}content-length: 100\r\n\r\n${body}`
  await exchange(port, { bytes, onSent: (socket) => setTimeout(() => socket.end(), 50) })
  await exchange(port, {
    bytes,
    onSent: (socket) => setTimeout(() => socket.resetAndDestroy(), 50),
  })
  assert.equal(await quantity(service), 0)
  assert.equal((await one(port, toBytes(get))).status, 200)
})

test('a connection stays open after a refusal, and answers are in order', async () => {
  await using service = await openHttpService()
  const port = await listen(service)
  const bytes = Buffer.concat([
    toBytes(post, [json], '{"product_id":"lamp"}'),
    toBytes('GET /nowhere'),
    toBytes(post, [json], body),
    toBytes(post, ['content-type: text/plain'], 'hello'),
    toBytes('PUT /v1/cart/ann', [json], body),
    toBytes(get),
  ])
  const { answers } = await exchange(port, { bytes, answers: 6 })
  const statuses = answers.map((answer) => answer.status)
  assert.deepEqual(statuses, [400, 404, 201, 415, 405, 200])
})

test('garbage after a request does not change the answer to it', async () => {
  await using service = await openHttpService({ store: 'sqlite' })
  const port = await listen(service)
  const bytes = Buffer.concat([toBytes(post, [json], body), Buffer.from('GARBAGE\r\n\r\n')])
  const { answers, closedBy } = await exchange(port, { bytes })
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [201, 400],
  )
  assert.equal(closedBy, 'server')
  assert.equal(await quantity(service), 1)
})
