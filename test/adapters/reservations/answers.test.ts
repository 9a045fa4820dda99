// What the answers of the reservation service mean: the table of the design, status by status.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReserveResult } from '../../../src/ports/reservation-client.ts'
import { answering, calm, connect, openOddService, wanted } from './odd-service.ts'

const reserveAt = async (
  status: number,
  body?: string | Buffer,
  headers?: Readonly<Record<string, string>>,
): Promise<ReserveResult> => {
  await using service = await answering(status, body, headers)
  await using client = connect(service.url)
  return await client.reserve(wanted(), calm())
}

test('a request has the product, the quantity and the key of the reservation', async () => {
  await using service = await answering(200)
  const url = new URL(`${service.url.origin}/api/v2/`)
  await using client = connect(url)
  await client.reserve(wanted('key-1', 3, 'Gaming laptop 15" ☕'), calm())
  const [call] = service.calls
  assert.deepEqual([call?.method, call?.path], ['POST', '/api/v2/reserve'])
  assert.equal(call?.headers['content-type'], 'application/json')
  assert.equal(call?.headers['idempotency-key'], 'key-1')
  const body = { item: 'Gaming laptop 15" ☕', quantity: 3, reference: 'key-1' }
  assert.deepEqual(JSON.parse(call?.body ?? ''), body)
})

test('any 2xx with a reservation_id is a hold', async () => {
  for (const status of [200, 201, 202, 206, 299]) {
    assert.deepEqual(await reserveAt(status), { kind: 'reserved', holdId: '1' })
  }
})

const ids: readonly (readonly [json: string, holdId: string])[] = [
  ['1234', '1234'],
  ['0', '0'],
  ['-7', '-7'],
  ['12.5', '12.5'],
  ['"1234"', '1234'],
  ['"a b/c?d=é"', 'a b/c?d=é'],
  ['"💡"', '💡'],
  [`"${'x'.repeat(256)}"`, 'x'.repeat(256)],
  ['9007199254740991', '9007199254740991'],
  // Ids of 64 bits are common, and no number of JavaScript.
  ['9007199254740993', '9007199254740993'],
  ['1541815603606036481', '1541815603606036481'],
  ['18446744073709551615', '18446744073709551615'],
  ['-9223372036854775807', '-9223372036854775807'],
]

test('a reservation_id is kept digit by digit, whether number or text', async () => {
  for (const [json, holdId] of ids) {
    const answer = await reserveAt(
      200,
      `{"reservation_id": ${json}, "more": {"reservation_id": 5}}`,
    )
    assert.deepEqual(answer, { kind: 'reserved', holdId }, json)
  }
})

const unreadable = [
  '',
  'OK',
  'null',
  '1234',
  '"1234"',
  '[]',
  '[{"reservation_id": 1}]',
  '{}',
  '{"reservation_id": null}',
  '{"reservation_id": ""}',
  '{"reservation_id": true}',
  '{"reservation_id": {}}',
  '{"reservation_id": [1]}',
  '{"reservation_id": 1e999}',
  '{"reservation_id": "a\\u0000b"}',
  '{"reservation_id": "a\\nb"}',
  '{"reservation_id": "\\ud800"}',
  `{"reservation_id": "${'x'.repeat(257)}"}`,
  '{"reservationId": 1}',
  '{"data": {"reservation_id": 1}}',
  '{"__proto__": {"reservation_id": 1}}',
  '{"reservation_id": 12',
  '<html>200 OK</html>',
]

test('a 2xx that cannot be read may have been carried out, so its outcome is unknown', async () => {
  for (const body of unreadable) {
    const answer = await reserveAt(200, body)
    assert.equal(answer.kind, 'unknown', body)
  }
  assert.equal((await reserveAt(204)).kind, 'unknown')
  assert.equal((await reserveAt(200, Buffer.from('ff00fe', 'hex'))).kind, 'unknown')
})

test('every status is refused, rejected or again as in the table', async () => {
  const meaning: Readonly<Record<ReserveResult['kind'], readonly number[]>> = {
    reserved: [],
    unsent: [],
    unknown: [],
    refused: [409, 410, 422],
    rejected: [400, 401, 403, 404, 405, 415, 501],
    again: [
      408, 425, 429, 500, 502, 503, 504, 507, 599, 300, 301, 302, 303, 304, 307, 308, 402, 418,
    ],
  }
  for (const [kind, statuses] of Object.entries(meaning)) {
    for (const status of statuses) {
      const answer = await reserveAt(status)
      assert.equal(answer.kind, kind, String(status))
      assert.ok('reason' in answer && answer.reason === `answered ${status}`)
    }
  }
})

test('only 425 and 429 mean that the request was not processed', async () => {
  for (const status of [425, 429]) {
    const answer = await reserveAt(status)
    assert.ok(answer.kind === 'again' && !answer.inDoubt, String(status))
  }
  for (const status of [408, 500, 502, 503, 504, 302]) {
    const answer = await reserveAt(status)
    assert.ok(answer.kind === 'again' && answer.inDoubt, String(status))
  }
})

test('a redirect is not followed', async () => {
  await using target = await answering(200)
  await using service = await openOddService((_call, response) => {
    response.writeHead(307, { location: `${target.url.origin}/reserve` }).end()
  })
  await using client = connect(service.url)
  assert.equal((await client.reserve(wanted(), calm())).kind, 'again')
  assert.deepEqual([service.calls.length, target.calls.length], [1, 0])
})

test('Retry-After is in seconds or a date, and is limited to a day', async () => {
  const waitFor = async (header: string, status = 503) => {
    const answer = await reserveAt(status, '', { 'retry-after': header })
    assert.ok(answer.kind === 'again')
    return answer.retryAfterMs
  }
  assert.equal(await waitFor('0'), 0)
  assert.equal(await waitFor('7'), 7_000)
  assert.equal(await waitFor('7', 429), 7_000)
  assert.equal(await waitFor('999999999'), 86_400_000)
  for (const nonsense of ['soon', '', '-5', '1.5', '9'.repeat(30), 'Mon, 99 Foo']) {
    assert.equal(await waitFor(nonsense), 0, nonsense)
  }
  const inTenSeconds = await waitFor(new Date(Date.now() + 10_500).toUTCString())
  assert.ok(inTenSeconds > 8_000 && inTenSeconds <= 10_500, String(inTenSeconds))
  assert.equal(await waitFor('Sun, 06 Nov 1994 08:49:37 GMT'), 0)
  assert.equal(await waitFor('Fri, 31 Dec 9999 23:59:59 GMT'), 86_400_000)
})

test('a password in the URL is sent as Basic authentication', async () => {
  await using service = await answering(200)
  const url = new URL(service.url)
  url.username = 'cart'
  url.password = 'p%40ss:wörd'
  await using client = connect(url)
  await client.reserve(wanted(), calm())
  const expected = Buffer.from('cart:p@ss:wörd').toString('base64')
  assert.equal(service.calls[0]?.headers.authorization, `Basic ${expected}`)
  assert.doesNotMatch(JSON.stringify(service.calls[0]?.path), /p@ss/)
})
