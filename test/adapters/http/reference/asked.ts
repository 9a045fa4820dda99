// Requests of the tests of the reference APIs, and the form of their refusals.
import assert from 'node:assert/strict'
import type { Answer, Asked, HttpService } from '../../../support/http-service.ts'
import { read } from '../../../support/http-shapes.ts'

export type Fault = {
  readonly type: string
  readonly loc: readonly string[]
  readonly msg: string
  readonly input: unknown
}

/** The body of an answer with this status. */
export const ask = async <T = Record<string, unknown>>(
  service: HttpService,
  line: string,
  status: number,
  asked: Asked = {},
): Promise<T> => {
  const [method = '', url = ''] = line.split(' ')
  const answer = await service.ask(method, url, asked)
  assert.equal(answer.status, status, `${line}: ${answer.text}`)
  return answer.json<T>()
}

/** The faults of a 422 as `type location.name`. */
export const faultsOf = (answer: Answer): readonly string[] => {
  assert.equal(answer.status, 422, answer.text)
  assert.match(answer.headers['content-type'] ?? '', /^application\/json\b/)
  const { detail } = answer.json<{ detail: readonly Fault[] }>()
  assert.ok(detail.length > 0)
  return detail.map((fault) => {
    const { type, loc, msg } = fault
    assert.deepEqual(Object.keys(fault).slice(0, 4), ['type', 'loc', 'msg', 'input'])
    assert.ok(msg.length > 0)
    return `${type} ${loc.join('.')}`
  })
}

/** Units by product in the cart of a user, as /v1 shows them. */
export const cartOf = async (
  service: HttpService,
  userId: string,
): Promise<Record<string, number>> => {
  const { items } = read('cart', await service.ask('GET', `/v1/cart/${userId}`))
  return Object.fromEntries(items.map((item) => [item.product_id, item.quantity]))
}
