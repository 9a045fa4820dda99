// Reference 003: the production service. The endpoints of its table, then its features.
import {
  add,
  addForId,
  cartOf,
  expectCart,
  itemOf,
  itemsOf,
  readCart,
  readItems,
} from './cart-003.ts'
import type { Check, Reference, Target } from './check.ts'
import { expectRefusal, expectStatus, expectSuccess, fail, isSuccess } from './expect.ts'
import { features003 } from './reference-003-features.ts'

const remove = (on: Target, user: string) => on.send('DELETE', cartOf(user))

const probes: readonly Check[] = [
  {
    name: '/health is 200',
    source: 'Liveness (/health): Always returns 200 OK',
    need: 'required',
    run: async (on) => expectStatus(await on.send('GET', '/health'), 200),
  },
  {
    name: '/ready is 200 while the store answers',
    source: '| GET | /ready | Readiness probe |; Readiness (/ready): Checks DynamoDB connectivity',
    need: 'required',
    run: async (on) => expectStatus(await on.send('GET', '/ready'), 200),
  },
  {
    name: 'the probes need no token',
    source: 'Liveness probe, Readiness probe: ECS and its load balancer ask them',
    need: 'required',
    run: async (on) => {
      for (const url of ['/health', '/ready'] as const) {
        expectStatus(await on.send('GET', url, { as: 'anonymous' }), 200)
      }
    },
  },
]

const reading: readonly Check[] = [
  {
    name: 'the cart of an unknown user is empty or 404',
    source: '| GET | /v1/cart/{userID} | Get cart |',
    need: 'required',
    run: async (on) => {
      const answer = await readCart(on, await on.newUser())
      if (readItems(answer).length > 0) fail(answer, 'no items')
      on.note(`answered ${answer.status}`)
    },
  },
  {
    name: 'an item that was added is in the cart',
    source: '| POST | /v1/cart/{userID}/items | Add item to cart |',
    need: 'required',
    run: async (on) => {
      const user = await on.newUser()
      const answer = await add(on, user, [on.products[0], 8])
      on.note(`answered ${answer.status}`)
      await expectCart(on, user, { [on.products[0]]: 8 })
    },
  },
  {
    name: 'each user has a cart of their own',
    source: '/v1/cart/{userID}',
    need: 'required',
    run: async (on) => {
      const [one, other] = [await on.newUser(), await on.otherUser()]
      await add(on, one, [on.products[0], 8])
      await expectCart(on, other, {})
      await add(on, other, [on.products[0], 1])
      await expectCart(on, one, { [on.products[0]]: 8 })
    },
  },
]

const changing: readonly Check[] = [
  {
    name: 'the quantity of an item can be updated',
    source: '| PATCH | /v1/cart/{userID}/items/{itemID} | Update item quantity |',
    need: 'required',
    run: async (on) => {
      const user = await on.newUser()
      const [one, other] = on.products
      await add(on, user, [other, 2])
      const id = await addForId(on, user, [one, 8])
      const answer = await on.send('PATCH', itemOf(user, id), { body: { quantity: 3 } })
      expectSuccess(answer)
      on.note(`answered ${answer.status}`)
      await expectCart(on, user, { [one]: 3, [other]: 2 })
    },
  },
  {
    name: 'an item can be removed, and the others stay',
    source: '| DELETE | /v1/cart/{userID}/items/{itemID} | Remove item from cart |',
    need: 'required',
    run: async (on) => {
      const user = await on.newUser()
      const [one, other] = on.products
      const id = await addForId(on, user, [one, 8])
      await add(on, user, [other, 2])
      const answer = await on.send('DELETE', itemOf(user, id))
      expectSuccess(answer)
      on.note(`answered ${answer.status}`)
      await expectCart(on, user, { [other]: 2 })
    },
  },
  {
    name: 'a cart can be cleared, and be filled again',
    source: '| DELETE | /v1/cart/{userID} | Clear cart |',
    need: 'required',
    run: async (on) => {
      const user = await on.newUser()
      const [one, other] = on.products
      await add(on, user, [one, 8])
      await add(on, user, [other, 2])
      const answer = await remove(on, user)
      expectSuccess(answer)
      on.note(`answered ${answer.status}`)
      await expectCart(on, user, {})
      await add(on, user, [one, 1])
      await expectCart(on, user, { [one]: 1 })
    },
  },
]

const refusing: readonly Check[] = [
  {
    name: 'updating an item that is not there is refused',
    source: '/v1/cart/{userID}/items/{itemID}; Rate limiting and request validation',
    need: 'required',
    run: async (on) => {
      const user = await on.newUser()
      await add(on, user, [on.products[0], 8])
      const body = { quantity: 3 }
      const answer = await on.send('PATCH', itemOf(user, on.newName('item')), { body })
      expectRefusal(answer, 'there is no such item')
      on.note(`answered ${answer.status}`)
      await expectCart(on, user, { [on.products[0]]: 8 })
    },
  },
  {
    name: 'a body that makes no sense is refused and changes nothing',
    source: 'Rate limiting and request validation',
    need: 'required',
    run: async (on) => {
      const user = await on.newUser()
      const [product, other] = on.products
      const id = await addForId(on, user, [product, 8])
      const bodies = [
        '{}',
        '{"quantity": 1}',
        JSON.stringify({ product_id: other, quantity: -1 }),
        JSON.stringify({ product_id: other, quantity: 'many' }),
        '{"product_id":',
      ]
      for (const raw of bodies) {
        expectRefusal(await on.send('POST', itemsOf(user), { raw }), `the body was ${raw}`)
      }
      for (const raw of ['{"quantity": -1}', '{"quantity": "many"}', '{"quantity":']) {
        expectRefusal(await on.send('PATCH', itemOf(user, id), { raw }), `the body was ${raw}`)
      }
      await expectCart(on, user, { [product]: 8 })
    },
  },
]

export const reference003: Reference = {
  api: '003',
  title: 'production (Go, DynamoDB, EventBridge)',
  clear: async (on, user) => {
    const answer = await remove(on, user)
    if (!isSuccess(answer) && answer.status !== 404)
      fail(answer, 'a status from 200 to 299, or 404')
  },
  checks: [...probes, ...reading, ...changing, ...refusing, ...features003],
}
