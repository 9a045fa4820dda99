// The features of reference 003. What a server may have switched off is skipped, and says why.
import { add, cartOf, expectCart, itemOf, readCart, readItems, tryAdd } from './cart-003.ts'
import { type Check, Skip } from './check.ts'
import { expectStatus, expectSuccess, fail, isRefusal, isSuccess } from './expect.ts'

const addsAtOnce = 10

const concurrency: readonly Check[] = [
  {
    name: `of ${addsAtOnce} additions at once, none that was acknowledged is lost`,
    source: 'Optimistic locking for concurrency control',
    need: 'required',
    run: async (on) => {
      const user = await on.newUser()
      const products = Array.from({ length: addsAtOnce }, () => on.newName('product'))
      const answers = await Promise.all(
        products.map(async (product) => {
          const answer = await tryAdd(on, user, [product, 1])
          if (answer.status >= 500) fail(answer, 'an addition to be taken or refused')
          return { product, isTaken: isSuccess(answer) }
        }),
      )
      const taken = answers.filter(({ isTaken }) => isTaken).map(({ product }) => [product, 1])
      const refused = addsAtOnce - taken.length
      if (refused > 0) on.note(`${refused} were refused`)
      if (refused === addsAtOnce) throw new Skip('all were refused; are only some products known?')
      await expectCart(on, user, Object.fromEntries(taken))
    },
  },
  {
    name: 'a change on the ground of an older state of the cart is refused',
    source: 'Optimistic locking for concurrency control (If-Match with the ETag of an older state)',
    need: 'optional',
    run: async (on) => {
      const user = await on.newUser()
      const [one, other] = on.products
      await add(on, user, [one, 8])
      const seen = await readCart(on, user)
      const etag = seen.headers.get('etag')
      if (etag === null) throw new Skip('a cart comes without an ETag')
      await add(on, user, [other, 2])
      const id = readItems(seen)[0]?.id ?? fail(seen, 'the item that was added')
      const headers = { 'if-match': etag }
      const answer = await on.send('PATCH', itemOf(user, id), { body: { quantity: 1 }, headers })
      expectStatus(answer, 409, 412)
      on.note(`answered ${answer.status}`)
      await expectCart(on, user, { [one]: 8, [other]: 2 })
    },
  },
]

const idempotency: readonly Check[] = [
  {
    name: 'an addition that is repeated with its key counts once',
    source: 'Idempotency for safe retries',
    need: 'required',
    run: async (on) => {
      const user = await on.newUser()
      const key = on.newName('key')
      // The document doesn't name the header.
      const headers = { 'idempotency-key': key, 'x-idempotency-key': key }
      const item = [on.products[0], 2] as const
      const first = await add(on, user, item, headers)
      const second = await add(on, user, item, headers)
      if (first.status !== second.status || first.text !== second.text) {
        on.note('the second answer differs from the first')
      }
      await expectCart(on, user, { [item[0]]: 2 })
    },
  },
]

const isOpen = 'the server answers without a token: authentication is off'

const authentication: readonly Check[] = [
  {
    name: 'a cart is not shown without a token',
    source: 'JWT authentication support',
    need: 'optional',
    run: async (on) => {
      const answer = await on.send('GET', cartOf(await on.newUser()), { as: 'anonymous' })
      if (isSuccess(answer) || answer.status === 404) throw new Skip(isOpen)
      expectStatus(answer, 401)
    },
  },
  {
    name: 'a cart is not shown for a token that is none',
    source: 'JWT authentication support',
    need: 'optional',
    run: async (on) => {
      const url = cartOf(await on.newUser())
      const open = await on.send('GET', url, { as: 'anonymous' })
      if (isSuccess(open) || open.status === 404) throw new Skip(isOpen)
      const headers = { authorization: 'Bearer not.a.token' }
      expectStatus(await on.send('GET', url, { as: 'anonymous', headers }), 401)
    },
  },
  {
    name: 'the cart of another is not shown',
    source: 'JWT authentication support',
    need: 'optional',
    run: async (on) => {
      if (on.token === null) throw new Skip('give the token of a user with --token')
      const stranger = cartOf(on.newName('stranger'))
      const open = await on.send('GET', stranger, { as: 'anonymous' })
      if (isSuccess(open) || open.status === 404) throw new Skip(isOpen)
      expectStatus(await on.send('GET', stranger), 403, 404)
    },
  },
]

const burstMax = 400
const burstAtOnce = 50

const limits: readonly Check[] = [
  {
    name: 'requests that come too fast are answered 429',
    source: '| RATE_LIMIT_RPS | Rate limit per second | 100 |',
    need: 'optional',
    run: async (on) => {
      const url = cartOf(await on.newUser())
      const startedAt = performance.now()
      for (let sent = 0; sent < burstMax; sent += burstAtOnce) {
        const answers = await Promise.all(
          Array.from({ length: burstAtOnce }, () => on.send('GET', url, { tooMany: 'answer' })),
        )
        const refused = answers.find(({ status }) => status === 429)
        if (refused !== undefined) {
          const retryAfter = refused.headers.get('retry-after')
          on.note(retryAfter === null ? 'without Retry-After' : `Retry-After: ${retryAfter}`)
          return
        }
        const broken = answers.find((answer) => isRefusal(answer) && answer.status !== 404)
        if (broken !== undefined) fail(broken, 'the cart, or 429')
      }
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
      throw new Skip(`no 429 in ${burstMax} requests within ${seconds} s: no rate limit is on`)
    },
  },
]

/** Features that no client can see. */
const unseen = (name: string, source: string, reason: string): Check => ({
  name,
  source,
  need: 'optional',
  run: async () => {
    throw new Skip(reason)
  },
})

const outOfSight: readonly Check[] = [
  {
    name: 'metrics are shown',
    source: 'Comprehensive observability (structured logging, metrics, X-Ray tracing)',
    need: 'optional',
    run: async (on) => {
      const answer = await on.send('GET', '/metrics', { as: 'anonymous' })
      if (isRefusal(answer)) throw new Skip(`/metrics is ${answer.status}; no path is documented`)
      expectSuccess(answer)
    },
  },
  unseen(
    'events are published',
    'EventBridge integration for async event publishing; EVENTBRIDGE_ENABLED',
    'they go to the bus: nothing of them is visible at the URL',
  ),
  unseen(
    'the circuit breaker opens',
    'Circuit breaker and retry patterns for resilience; CIRCUIT_BREAKER_ENABLED',
    'it shows only when another service fails',
  ),
  unseen(
    'requests are traced',
    '| AWS_XRAY_ENABLED | Enable X-Ray tracing | false |',
    'traces go to X-Ray: nothing of them is visible at the URL',
  ),
]

export const features003: readonly Check[] = [
  ...concurrency,
  ...idempotency,
  ...authentication,
  ...outOfSight,
  // Last: what follows would feel it.
  ...limits,
]
