// The kit is red against servers that deviate: a reference with one fault.
import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Api, apis } from '../../conformance/check.ts'
import { original000 } from './original-000.ts'
import { original001 } from './original-001.ts'
import { original002 } from './original-002.ts'
import { original003 } from './original-003.ts'
import { original004 } from './original-004.ts'
import { linesOf, type More, runKit } from './run-kit.ts'
import { type Answered, type Asked, type Handler, memberOf } from './serve.ts'

const plain002 = () => original002({ as: 'code', users: null, products: null })
const plain003 = () => original003({ auth: null, limit: null, locking: 'ETag' })
const plain004 = () =>
  original004({ reservationMs: 100, outcome: 'RESERVED', paths: ['/api/v1/items'] })

/** A reference with some answers changed. */
const answers =
  (base: Handler, change: (answer: Answered, asked: Asked) => Answered): Handler =>
  async (asked) =>
    change(await base(asked), asked)

/** Some requests never reach the reference: it answers as if they had. */
const ignores =
  (base: Handler, isIgnored: (asked: Asked) => boolean, answer: Answered): Handler =>
  (asked) =>
    isIgnored(asked) ? answer : base(asked)

const isPost = ({ method }: Asked) => method === 'POST'
const isDelete = ({ method }: Asked) => method === 'DELETE'

/** True from the second time on that a request of this kind goes to one path. */
const again = (isMeant: (asked: Asked) => boolean) => {
  const seen = new Set<string>()
  return (asked: Asked): boolean => {
    const isAgain = isMeant(asked) && seen.has(asked.route)
    if (isMeant(asked)) seen.add(asked.route)
    return isAgain
  }
}

type Broken = {
  readonly api: Api
  readonly handler: Handler
  /** The checks that must find it. */
  readonly found: readonly RegExp[]
  readonly more?: More
}

const added000 = { status: 200, body: { message: 'Item added to cart successfully' } }
const deleted000 = { status: 200, body: { message: 'Cart deleted successfully' } }

const wrong: Readonly<Record<string, Broken>> = {
  '000 answers 201 to an addition': {
    api: '000',
    handler: answers(original000(), (answer, asked) =>
      isPost(asked) && answer.status === 200 ? { ...answer, status: 201 } : answer,
    ),
    found: [/adding answers 200.*expected 200 .*got 201/],
  },
  '000 does not sum the quantities': {
    api: '000',
    handler: ignores(original000(), again(isPost), added000),
    found: [/again adds up.*expected 200 \{"L9ECAV7KIM":11\}, got 200 \{"L9ECAV7KIM":8\}/],
  },
  '000 answers DELETE with another message': {
    api: '000',
    handler: answers(original000(), (answer, asked) =>
      isDelete(asked) && answer.status === 200
        ? { status: 200, body: { message: 'Cart deleted' } }
        : answer,
    ),
    found: [/deleting answers 200 and its message/],
  },
  '000 keeps the cart after DELETE': {
    api: '000',
    handler: ignores(original000(), isDelete, deleted000),
    found: [/a deleted cart is unknown/, /starts empty/, /deleting the cart of an unknown user/],
  },
  '000 shows an empty cart where there is none': {
    api: '000',
    handler: answers(original000(), (answer, { method }) =>
      method === 'GET' && answer.status === 404 ? { status: 200, body: {} } : answer,
    ),
    found: [/the cart of an unknown user is 404/],
  },
  '001 answers the quantity that was added, not the sum': {
    api: '001',
    handler: answers(original001(), (answer, asked) =>
      isPost(asked) && answer.status === 200
        ? {
            status: 200,
            body: { ...Object(answer.body), quantity: memberOf(asked.body, 'quantity') },
          }
        : answer,
    ),
    found: [/again answers the sum/],
  },
  '001 shares one cart among all users': {
    api: '001',
    handler: sharedCart(original001()),
    found: [/each user has a cart/],
  },
  '001 answers a map': {
    api: '001',
    handler: answers(original001(), (answer) =>
      Array.isArray(answer.body)
        ? {
            status: 200,
            body: Object.fromEntries(answer.body.map((each) => [each.product_id, each.quantity])),
          }
        : answer,
    ),
    found: [/the cart is a list/],
  },
  '002 forgets earlier additions': {
    api: '002',
    handler: ignores(plain002(), again(isPost), {
      status: 200,
      body: { msg: 'Item added to cart' },
    }),
    found: [/its own test passes/, /another product is kept/],
  },
  '002 crashes on a quantity that is no number': {
    api: '002',
    handler: answers(plain002(), (answer) => (answer.status === 422 ? { status: 500 } : answer)),
    found: [/without a whole number/],
  },
  '002 has its own users, and none was given': {
    api: '002',
    handler: original002({ as: 'code', users: ['ada'], products: null }),
    found: [/its own test passes.*name one with --user/],
  },
  '003 answers 200 to a PATCH and does nothing': {
    api: '003',
    handler: ignores(plain003(), ({ method }) => method === 'PATCH', { status: 200, body: {} }),
    found: [/can be updated/, /not there is refused/, /older state/, /makes no sense/],
  },
  '003 counts a repeated addition twice': {
    api: '003',
    handler: withoutKeys(plain003()),
    found: [/repeated with its key counts once/],
  },
  '003 loses concurrent additions': {
    api: '003',
    handler: losing(plain003()),
    found: [/additions at once/],
  },
  '003 is never ready': {
    api: '003',
    handler: ignores(plain003(), ({ route }) => route === 'GET /ready', { status: 503 }),
    found: [/\/ready is 200/],
  },
  '003 shows a cart to a malformed token': {
    api: '003',
    handler: original003Lax(),
    found: [/token that is none/],
    more: { token: 'h.p.s', user: 'ada' },
  },
  '004 answers every third addition slower than a second': {
    api: '004',
    handler: slow(plain004(), everyThird(isPost), 1_050),
    found: [/answered within a second: .*an answer within 1000 ms/, /items at once/],
  },
  '004 answers only when the item is reserved': {
    api: '004',
    handler: answers(plain004(), (answer) =>
      answer.status === 201
        ? { status: 201, body: { ...Object(answer.body), status: 'RESERVED', reservation_id: 'r' } }
        : answer,
    ),
    found: [/an item is pending/],
  },
  '004 never shows a reservation_id': {
    api: '004',
    handler: original004({ reservationMs: 60_000, outcome: 'RESERVED', paths: ['/api/v1/items'] }),
    found: [/shows a reservation_id.*statuses are pending, pending, pending/],
    more: { waitMs: 300 },
  },
  '004 fails every reservation': {
    api: '004',
    handler: original004({ reservationMs: 10, outcome: 'FAILED', paths: ['/api/v1/items'] }),
    found: [/shows a reservation_id.*statuses are failed, failed, failed/],
  },
  '004 does not answer in time': {
    api: '004',
    handler: slow(plain004(), ({ route }) => route === 'GET /api/v1/items', 600),
    found: [/curl example.*no answer within 0.2 s/],
    more: { timeoutMs: 200, waitMs: null },
  },
}

function everyThird(isMeant: (asked: Asked) => boolean) {
  let count = 0
  return (asked: Asked): boolean => {
    if (isMeant(asked)) count += 1
    return isMeant(asked) && count % 3 === 0
  }
}

function slow(base: Handler, isMeant: (asked: Asked) => boolean, ms: number): Handler {
  return async (asked) => {
    if (isMeant(asked)) await sleep(ms)
    return base(asked)
  }
}

function sharedCart(base: Handler): Handler {
  return (asked) => base({ ...asked, parts: ['cart', 'users', 'all'] })
}

function withoutKeys(base: Handler): Handler {
  return (asked) => {
    const { 'idempotency-key': _key, ...headers } = asked.headers
    return base({ ...asked, headers })
  }
}

function losing(base: Handler): Handler {
  let underWay = 0
  return async (asked) => {
    const isTogether = underWay > 0
    underWay += 1
    await sleep(20)
    underWay -= 1
    return isPost(asked) && isTogether ? { status: 201, body: {} } : base(asked)
  }
}

function original003Lax(): Handler {
  const auth = { token: 'h.p.s', user: 'ada' }
  const base = original003({ auth, limit: null, locking: 'none' })
  return (asked) => {
    const isGiven = asked.headers.authorization !== undefined
    const headers = isGiven ? { ...asked.headers, authorization: 'Bearer h.p.s' } : asked.headers
    return base({ ...asked, headers })
  }
}

for (const [why, { api, handler, found, more }] of Object.entries(wrong)) {
  test(`the kit is red when reference ${why}`, async () => {
    const failed = linesOf(await runKit(api, handler, more), 'failed')
    for (const each of found) {
      assert.ok(
        failed.some((line) => each.test(line)),
        `${each} not in:\n${failed.join('\n')}`,
      )
    }
  })
}

for (const [what, answer, passing] of [
  ['500', { status: 500, body: {} }, []],
  [
    '200 {}',
    { status: 200, body: {} },
    [
      '/health is 200',
      '/ready is 200 while the store answers',
      'the probes need no token',
      'metrics are shown',
    ],
  ],
] as const) {
  test(`no check of the kit is wrongly green against a server that answers ${what} to everything`, async () => {
    for (const api of apis) {
      const result = await runKit(api, () => answer, { waitMs: 100 })
      assert.deepEqual(linesOf(result, 'ok'), api === '003' ? passing : [])
      assert.ok(result.failed > 0)
    }
  })
}
