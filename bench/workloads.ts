// What is sent: whole requests as text, made before the measurement, the same for every generator.

export type Workload = {
  readonly requests: readonly string[]
  /** `random`: any of them next. A number: each so often in a row, then the next one. */
  readonly order: 'random' | number
}

/** Stands in a request for a number that no other request has; as wide as that number. */
export const uniqueMark = '0000000000@@'

const productsMax = 1_000
// An item holds at most 9,999 units.
const addsPerHotCart = 8_000
const hotCarts = 100

export const operationsMax = 100

export const minimal = { prefer: 'return=minimal' }

export type Headers = Readonly<Record<string, string>>

export const toRequest = (
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  headers: Headers = {},
): string => {
  const text = body === undefined ? '' : JSON.stringify(body)
  const all: Headers = {
    host: '127.0.0.1',
    ...(body !== undefined && {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(text)),
    }),
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at)

const productOf = (at: number) => `product-${at}`

export const toAdd = (user: string, product: number, headers?: Headers): string =>
  toRequest(
    'POST',
    `/v1/cart/${user}/items`,
    { product_id: productOf(product), quantity: 1 },
    headers,
  )

/** Two products a cart, so that carts neither stay at one item nor grow without end. */
export const addsTo = (carts: number, headers?: Headers): Workload => ({
  order: 'random',
  requests: range(carts * 2).map((at) =>
    toAdd(`user-${at % carts}`, Math.floor(Math.random() * productsMax), headers),
  ),
})

export const addsWithKeys = (carts: number, round: string): Workload =>
  addsTo(carts, { 'idempotency-key': `${round}-${uniqueMark}` })

/** The products of a cart; in words that JavaScript and pgbench read alike. */
export const linesPerCart = 2
export const productOfLine = (cart: string, line: string): string =>
  `(${cart} * 7 + ${line} * 13) % ${productsMax}`

export type KeyedAdds = {
  readonly carts: number
  /** Part of each Idempotency-Key. */
  readonly round: string
  readonly headers?: Headers
  /** So many carts out of them are drawn. */
  readonly drawn?: number
  /** Other numbers, other products. */
  readonly shift?: number
}

/** To the same products of a cart in every round, each with an Idempotency-Key of its own. */
export const keyedAdds = ({ carts, round, headers, drawn = carts, shift = 0 }: KeyedAdds) => {
  const draw = drawn === carts ? (at: number) => at : () => Math.floor(Math.random() * carts)
  const requests = range(drawn).flatMap((at) => {
    const cart = draw(at)
    return range(linesPerCart).map((line) =>
      toAdd(`user-${cart}`, (cart * 7 + line * 13 + shift * 29) % productsMax, {
        'idempotency-key': `${round}-${uniqueMark}`,
        ...headers,
      }),
    )
  })
  return { order: 'random', requests } satisfies Workload
}

/** Adds to items that are there already. */
export const minimalAddsTo = (carts: number, items: number): Workload => ({
  order: 'random',
  requests: range(carts).flatMap((cart) =>
    range(Math.min(items, 10)).map(() =>
      toAdd(`cart-of-${items}-${cart}`, Math.floor(Math.random() * items), minimal),
    ),
  ),
})

/** To few items, and to the same in every round: soon each has as many reservations as it may. */
export const fewMinimalAdds = (carts: number, items: number): Workload => ({
  order: 'random',
  requests: range(carts).flatMap((cart) =>
    range(Math.min(items, 4)).map((at) =>
      toAdd(`cart-of-${items}-${cart}`, Math.floor((at * items) / 4), minimal),
    ),
  ),
})

export const hotAdds = (round: string, headers?: Headers): Workload => ({
  order: addsPerHotCart,
  requests: range(hotCarts).map((cart) => toAdd(`hot-${round}-${cart}`, 0, headers)),
})

export const hotKeyedAdds = (round: string): Workload =>
  hotAdds(round, { 'idempotency-key': `hot-${round}-${uniqueMark}` })

export const getsOf = (carts: number, name = 'reader'): Workload => ({
  order: 'random',
  requests: range(carts).map((cart) => toRequest('GET', `/v1/cart/${name}-${cart}`)),
})

/** One cart each, of one item. */
export const fillReaders = (carts: number): readonly string[] =>
  range(carts).map((cart) => toAdd(`reader-${cart}`, cart % productsMax))

export const fillCarts = (carts: number, items: number): readonly string[] => {
  const pages = range(Math.ceil(items / operationsMax))
  return pages.flatMap((page) =>
    range(carts).map((cart) => {
      const from = page * operationsMax
      const operations = range(Math.min(operationsMax, items - from)).map((at) => ({
        op: 'add',
        product_id: productOf(from + at),
        quantity: 1,
      }))
      return toRequest(
        'POST',
        `/v1/cart/cart-of-${items}-${cart}/operations`,
        { operations },
        minimal,
      )
    }),
  )
}

/** One add to each of so many carts that were never there. */
export const addsToNew = (carts: number): readonly string[] =>
  range(carts).map((cart) => toAdd(`new-${cart}`, cart % productsMax))
