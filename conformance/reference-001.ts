// Reference 001: the cart in PostgreSQL. One row for each user and product, read from its code.
import { path, type Reference, type Target } from './check.ts'
import { expectLines, expectMembers, expectRefusal, expectStatus } from './expect.ts'

const cartOf = (user: string) => path`/cart/users/${user}`

const post = (on: Target, user: string, body: unknown) => on.send('POST', cartOf(user), { body })
const add = (on: Target, user: string, product: string, quantity: number) =>
  post(on, user, { product_id: product, quantity })
const get = (on: Target, user: string) => on.send('GET', cartOf(user))
const remove = (on: Target, user: string) => on.send('DELETE', cartOf(user))

const missing = { detail: 'No cart items found for this user' }

const addAll = async (on: Target, user: string, items: readonly (readonly [string, number])[]) => {
  for (const [product, quantity] of items) expectStatus(await add(on, user, product, quantity), 200)
}

export const reference001: Reference = {
  api: '001',
  title: 'in PostgreSQL (FastAPI, SQLAlchemy)',
  clear: async (on, user) => expectStatus(await remove(on, user), 200, 404),
  checks: [
    {
      name: 'the cart of an unknown user is 404 "No cart items found for this user"',
      source: 'get_cart_items: HTTPException(404, "No cart items found for this user")',
      need: 'required',
      run: async (on) => expectMembers(await get(on, await on.newUser()), 404, missing),
    },
    {
      name: 'deleting the cart of an unknown user is 404 "No cart items found for this user"',
      source: 'delete_cart_items: if result == 0: raise HTTPException(status_code=404, …)',
      need: 'required',
      run: async (on) => expectMembers(await remove(on, await on.newUser()), 404, missing),
    },
    {
      name: 'adding answers 200 with the row: user_id, product_id, quantity',
      source: 'add_or_update_cart_item: db.refresh(db_item); return db_item',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        const [product] = on.products
        const row = { user_id: user, product_id: product, quantity: 8 }
        expectMembers(await add(on, user, product, 8), 200, row)
      },
    },
    {
      name: 'adding a product again answers the sum',
      source: 'add_or_update_cart_item: db_item.quantity += cart_item.quantity',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        const [product] = on.products
        await addAll(on, user, [[product, 8]])
        const row = { user_id: user, product_id: product, quantity: 11 }
        expectMembers(await add(on, user, product, 3), 200, row)
      },
    },
    {
      name: 'the cart is a list of product_id and quantity, one line for each product',
      source:
        'get_cart_items: [{"product_id": …, "quantity": …}]; PRIMARY KEY (user_id, product_id)',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        const [one, other] = on.products
        await addAll(on, user, [
          [one, 8],
          [other, 2],
          [one, 8],
        ])
        expectLines(await get(on, user), { [one]: 16, [other]: 2 })
      },
    },
    {
      name: 'each user has a cart of their own, also with the same product',
      source: 'PRIMARY KEY (user_id, product_id)',
      need: 'required',
      run: async (on) => {
        const [one, other] = [await on.newUser(), await on.otherUser()]
        const [product] = on.products
        await addAll(on, one, [[product, 8]])
        expectMembers(await get(on, other), 404, missing)
        await addAll(on, other, [[product, 1]])
        expectLines(await get(on, one), { [product]: 8 })
        expectLines(await get(on, other), { [product]: 1 })
      },
    },
    {
      name: 'a product id of any text comes back as it was sent',
      source: 'CartItemRequest: product_id: str; product_id VARCHAR NOT NULL',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        const product = 'Käse & Brot, 15"'
        await addAll(on, user, [[product, 1]])
        expectLines(await get(on, user), { [product]: 1 })
      },
    },
    {
      name: 'a body that is no CartItemRequest is refused and changes nothing',
      source: 'class CartItemRequest(BaseModel): product_id: str, quantity: int (FastAPI: 422)',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        const [product] = on.products
        await addAll(on, user, [[product, 8]])
        const without = await post(on, user, { product_id: product })
        expectRefusal(without, 'there is no quantity')
        expectRefusal(await post(on, user, { quantity: 1 }), 'there is no product_id')
        const text = await post(on, user, { product_id: product, quantity: 'many' })
        expectRefusal(text, 'the quantity is no number')
        const broken = await on.send('POST', cartOf(user), { raw: '{"product_id":' })
        expectRefusal(broken, 'the body is no JSON')
        on.note(`answered ${without.status}`)
        expectLines(await get(on, user), { [product]: 8 })
      },
    },
    {
      name: 'deleting answers 200 and its message',
      source: 'delete_cart_items: return {"msg": "All cart items deleted"}',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        await addAll(on, user, [[on.products[0], 8]])
        expectMembers(await remove(on, user), 200, { msg: 'All cart items deleted' })
      },
    },
    {
      name: 'all items of a deleted cart are gone: reading it and deleting it again are 404',
      source: 'delete_cart_items: db.query(CartItem).filter(CartItem.user_id == user_id).delete()',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        const [one, other] = on.products
        await addAll(on, user, [
          [one, 8],
          [other, 2],
        ])
        expectStatus(await remove(on, user), 200)
        expectMembers(await get(on, user), 404, missing)
        expectMembers(await remove(on, user), 404, missing)
      },
    },
    {
      name: 'a cart that was deleted starts empty',
      source: 'add_or_update_cart_item: # If the item does not exist, create a new one',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        const [product] = on.products
        await addAll(on, user, [[product, 8]])
        expectStatus(await remove(on, user), 200)
        expectMembers(await add(on, user, product, 1), 200, { quantity: 1 })
        expectLines(await get(on, user), { [product]: 1 })
      },
    },
  ],
}
