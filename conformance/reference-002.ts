// Reference 002: the cart with a catalog. Its code and its own test disagree on how an item is
// sent (query or JSON) and how a cart is read (list or map): either will do, and is named.
import { type Answer, Failure, path, type Reference, Skip, type Target } from './check.ts'
import {
  expectLines,
  expectMembers,
  expectRefusal,
  expectStatus,
  fail,
  isObject,
  show,
} from './expect.ts'

const cartOf = (user: string) => path`/cart/${user}`
const get = (on: Target, user: string) => on.send('GET', cartOf(user))
const remove = (on: Target, user: string) => on.send('DELETE', cartOf(user))

type Form = 'query' | 'JSON'

const addBy = (on: Target, form: Form, user: string, product: string, quantity: number) =>
  form === 'JSON'
    ? on.send('POST', cartOf(user), { body: { product_id: product, quantity } })
    : on.send('POST', `${cartOf(user)}${path`?product_id=${product}&quantity=${String(quantity)}`}`)

/** The server reads the other form, and says so in one of these ways. */
const isUnread = ({ status }: Answer): boolean => [400, 415, 422].includes(status)

const detailOf = ({ json }: Answer): unknown => (isObject(json) ? json.detail : undefined)

const isNotFound = (answer: Answer, detail: string): boolean =>
  answer.status === 404 && detailOf(answer) === detail

const added = { msg: 'Item added to cart' }

const expectAdded = (answer: Answer): void => {
  if (isNotFound(answer, 'User not found')) {
    throw new Failure(`${answer.request}: the server knows its users; name one with --user`)
  }
  if (isNotFound(answer, 'Product not found')) {
    throw new Failure(`${answer.request}: the server knows its products; name two with --product`)
  }
  expectMembers(answer, 200, added)
}

const addEither = async (on: Target, user: string, product: string, quantity: number) => {
  const byQuery = await addBy(on, 'query', user, product, quantity)
  return isUnread(byQuery) ? addBy(on, 'JSON', user, product, quantity) : byQuery
}

const add = async (on: Target, user: string, product: string, quantity: number) =>
  expectAdded(await addEither(on, user, product, quantity))

/** Which of the two shapes of a cart it is. */
const expectCart = (answer: Answer, wanted: Readonly<Record<string, number>>): 'list' | 'map' => {
  if (Array.isArray(answer.json)) {
    expectLines(answer, wanted)
    return 'list'
  }
  if (!isObject(answer.json)) return fail(answer, `200 with the quantities ${show(wanted)}`)
  expectMembers(answer, 200, wanted)
  if (Object.keys(answer.json).length > Object.keys(wanted).length) {
    return fail(answer, `no more than ${show(wanted)}`)
  }
  return 'map'
}

const noteShape = (on: Target, shape: 'list' | 'map'): void =>
  on.note(shape === 'list' ? 'a list, as its code returns' : 'a map, as its test reads')

const noItems = 'No cart items found for this user'

// Reference 000 has the same path and another sentence for it.
const expectNoCart = (on: Target, answer: Answer): void => {
  const detail = detailOf(answer)
  if (answer.status !== 404 || (detail !== noItems && detail !== 'Cart not found')) {
    fail(answer, `404 ${show({ detail: noItems })}`)
  }
  if (detail !== noItems) on.note(`"${detail}", as reference 000 has it on this path`)
}

const checkForm = (form: Form, other: Form) => async (on: Target) => {
  const user = await on.newUser()
  const answer = await addBy(on, form, user, on.products[0], 8)
  if (!isUnread(answer)) {
    expectAdded(answer)
    expectCart(await get(on, user), { [on.products[0]]: 8 })
    return
  }
  const instead = await addBy(on, other, user, on.products[0], 8)
  if (isUnread(instead)) fail(answer, 'an item to be read from the query or from JSON')
  expectAdded(instead)
  throw new Skip(`the server reads items from ${other}, which the document shows as well`)
}

export const reference002: Reference = {
  api: '002',
  title: 'with users and products (FastAPI, SQLAlchemy)',
  clear: async (on, user) => expectStatus(await remove(on, user), 200, 404),
  checks: [
    {
      name: 'an item can be added by query',
      source: 'add_cart_item(user_id: str, product_id: str, quantity: int): read from the query',
      need: 'optional',
      run: checkForm('query', 'JSON'),
    },
    {
      name: 'an item can be added by JSON',
      source:
        'test: client.post("/cart/user123", json={"product_id": "L9ECAV7KIM", "quantity": 8})',
      need: 'optional',
      run: checkForm('JSON', 'query'),
    },
    {
      name: 'its own test passes: adding 8 twice, 16 are read',
      source: "test_add_item_to_cart: assert data['L9ECAV7KIM'] == 16 (a map; its code: a list)",
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        const [product] = on.products
        await add(on, user, product, 8)
        await add(on, user, product, 8)
        noteShape(on, expectCart(await get(on, user), { [product]: 16 }))
      },
    },
    {
      name: 'the cart of a user without items is 404',
      source: 'get_cart_items: HTTPException(404, "No cart items found for this user")',
      need: 'required',
      run: async (on) => expectNoCart(on, await get(on, await on.newUser())),
    },
    {
      name: 'deleting the cart of a user without items is 404',
      source: 'delete_cart_items: if result == 0: raise HTTPException(status_code=404, …)',
      need: 'required',
      run: async (on) => expectNoCart(on, await remove(on, await on.newUser())),
    },
    {
      name: 'another product is kept beside the first',
      source: 'add_cart_item: Cart(user_id=user_id, product_id=product_id, quantity=quantity)',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        const [one, other] = on.products
        await add(on, user, one, 8)
        await add(on, user, other, 2)
        expectCart(await get(on, user), { [one]: 8, [other]: 2 })
      },
    },
    {
      name: 'each user has a cart of their own',
      source: 'get_cart_items: filter(Cart.user_id == user_id)',
      need: 'required',
      run: async (on) => {
        const [one, other] = [await on.newUser(), await on.otherUser()]
        await add(on, one, on.products[0], 8)
        expectNoCart(on, await get(on, other))
        await add(on, other, on.products[0], 1)
        expectCart(await get(on, one), { [on.products[0]]: 8 })
      },
    },
    {
      name: 'adding without a whole number as quantity is refused and changes nothing',
      source:
        'add_cart_item(…, quantity: int): no default, so FastAPI refuses (422) what is no int',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        const [product] = on.products
        await add(on, user, product, 8)
        const base = `${cartOf(user)}${path`?product_id=${product}`}`
        const without = await on.send('POST', base)
        expectRefusal(without, 'there is no quantity')
        expectRefusal(await on.send('POST', `${base}&quantity=many`), 'the quantity is no number')
        const body = { product_id: product, quantity: 'many' }
        expectRefusal(await on.send('POST', cartOf(user), { body }), 'the quantity is no number')
        on.note(`answered ${without.status}`)
        expectCart(await get(on, user), { [product]: 8 })
      },
    },
    {
      name: 'deleting answers 200 and its message',
      source: 'delete_cart_items: return {"msg": "All cart items deleted"}',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        await add(on, user, on.products[0], 8)
        expectMembers(await remove(on, user), 200, { msg: 'All cart items deleted' })
      },
    },
    {
      name: 'all items of a deleted cart are gone: reading it and deleting it again are 404',
      source: 'delete_cart_items: db.query(Cart).filter(Cart.user_id == user_id).delete()',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        const [one, other] = on.products
        await add(on, user, one, 8)
        await add(on, user, other, 2)
        expectStatus(await remove(on, user), 200)
        expectNoCart(on, await get(on, user))
        expectNoCart(on, await remove(on, user))
      },
    },
    {
      name: 'adding for a user that is not known is 404 "User not found"',
      source: 'add_cart_item: raise HTTPException(status_code=404, detail="User not found")',
      need: 'optional',
      run: async (on) => {
        const user = on.newName('unknown-user')
        const answer = await addEither(on, user, on.products[0], 1)
        if (answer.status === 200) {
          await remove(on, user)
          throw new Skip('the server lets every user have a cart')
        }
        if (isNotFound(answer, 'Product not found')) throw new Skip('it asks for the product first')
        expectMembers(answer, 404, { detail: 'User not found' })
      },
    },
    {
      name: 'adding a product that is not known is 404 "Product not found"',
      source: 'add_cart_item: raise HTTPException(status_code=404, detail="Product not found")',
      need: 'optional',
      run: async (on) => {
        const user = await on.newUser()
        const answer = await addEither(on, user, on.newName('unknown-product'), 1)
        if (answer.status === 200) throw new Skip('the server takes every product')
        if (isNotFound(answer, 'User not found')) {
          throw new Skip('it asks for the user first; name one with --user')
        }
        expectMembers(answer, 404, { detail: 'Product not found' })
      },
    },
  ],
}
