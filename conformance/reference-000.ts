// Reference 000: the cart in memory. A dict of dicts, read from the code of its document.
import { path, type Reference, type Target } from './check.ts'
import { expectJson, expectMembers, expectRefusal, expectStatus } from './expect.ts'

const add = (on: Target, user: string, product: string, quantity: string) =>
  on.send('POST', `${path`/cart/${user}/${product}`}?quantity=${quantity}`)
const get = (on: Target, user: string) => on.send('GET', path`/cart/${user}`)
const remove = (on: Target, user: string) => on.send('DELETE', path`/cart/${user}`)

const added = { message: 'Item added to cart successfully' }
const missing = { detail: 'Cart not found' }

const addAll = async (on: Target, user: string, items: readonly (readonly [string, number])[]) => {
  for (const [product, quantity] of items) {
    expectMembers(await add(on, user, product, String(quantity)), 200, added)
  }
}

export const reference000: Reference = {
  api: '000',
  title: 'in memory (FastAPI, a dict)',
  clear: async (on, user) => expectStatus(await remove(on, user), 200, 404),
  checks: [
    {
      name: 'the cart of an unknown user is 404 "Cart not found"',
      source: 'get_cart: raise HTTPException(status_code=404, detail="Cart not found")',
      need: 'required',
      run: async (on) => expectMembers(await get(on, await on.newUser()), 404, missing),
    },
    {
      name: 'deleting the cart of an unknown user is 404 "Cart not found"',
      source: 'delete_cart: raise HTTPException(status_code=404, detail="Cart not found")',
      need: 'required',
      run: async (on) => expectMembers(await remove(on, await on.newUser()), 404, missing),
    },
    {
      name: 'adding answers 200 and its message',
      source: 'add_to_cart: return {"message": "Item added to cart successfully"}',
      need: 'required',
      run: async (on) => {
        expectMembers(await add(on, await on.newUser(), on.products[0], '8'), 200, added)
      },
    },
    {
      name: 'the cart is a map of quantities by product',
      source:
        '# Example: cart_cache["abcde"] = {"L9ECAV7KIM": 8}; get_cart: return cart_cache[user_id]',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        await addAll(on, user, [[on.products[0], 8]])
        expectJson(await get(on, user), 200, { [on.products[0]]: 8 })
      },
    },
    {
      name: 'adding a product again adds up the quantities',
      source: 'add_to_cart: cart_cache[user_id][product_id] += quantity',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        const [product] = on.products
        await addAll(on, user, [
          [product, 8],
          [product, 3],
        ])
        expectJson(await get(on, user), 200, { [product]: 11 })
      },
    },
    {
      name: 'another product is kept beside the first',
      source: 'add_to_cart: cart_cache[user_id][product_id] = quantity',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        const [one, other] = on.products
        await addAll(on, user, [
          [one, 8],
          [other, 2],
        ])
        expectJson(await get(on, user), 200, { [one]: 8, [other]: 2 })
      },
    },
    {
      name: 'each user has a cart of their own',
      source: 'cart_cache: Dict[str, Dict[str, int]], cart_cache[user_id]',
      need: 'required',
      run: async (on) => {
        const [one, other] = [await on.newUser(), await on.otherUser()]
        await addAll(on, one, [[on.products[0], 8]])
        expectMembers(await get(on, other), 404, missing)
        await addAll(on, other, [[on.products[0], 1]])
        expectJson(await get(on, one), 200, { [on.products[0]]: 8 })
      },
    },
    {
      name: 'a product id of any text comes back as it was sent',
      source: 'add_to_cart(user_id: str, product_id: str, …)',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        const product = 'Käse & Brot, 15"'
        await addAll(on, user, [[product, 1]])
        expectJson(await get(on, user), 200, { [product]: 1 })
      },
    },
    {
      name: 'adding without a whole number as quantity is refused and changes nothing',
      source: 'add_to_cart(…, quantity: int): no default, so FastAPI refuses (422) what is no int',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        await addAll(on, user, [[on.products[0], 8]])
        const without = await on.send('POST', path`/cart/${user}/${on.products[0]}`)
        expectRefusal(without, 'there is no quantity')
        const text = await add(on, user, on.products[0], 'many')
        expectRefusal(text, 'the quantity is no number')
        const half = await add(on, user, on.products[0], '1.5')
        expectRefusal(half, 'the quantity is not whole')
        on.note(`answered ${without.status}`)
        expectJson(await get(on, user), 200, { [on.products[0]]: 8 })
      },
    },
    {
      name: 'deleting answers 200 and its message',
      source: 'delete_cart: return {"message": "Cart deleted successfully"}',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        await addAll(on, user, [[on.products[0], 8]])
        expectMembers(await remove(on, user), 200, { message: 'Cart deleted successfully' })
      },
    },
    {
      name: 'a deleted cart is unknown: reading it and deleting it again are 404',
      source: 'delete_cart: del cart_cache[user_id]',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        await addAll(on, user, [[on.products[0], 8]])
        expectStatus(await remove(on, user), 200)
        expectMembers(await get(on, user), 404, missing)
        expectMembers(await remove(on, user), 404, missing)
      },
    },
    {
      name: 'a cart that was deleted starts empty',
      source: 'add_to_cart: if user_id not in cart_cache: cart_cache[user_id] = {}',
      need: 'required',
      run: async (on) => {
        const user = await on.newUser()
        const [one, other] = on.products
        await addAll(on, user, [
          [one, 8],
          [other, 2],
        ])
        expectStatus(await remove(on, user), 200)
        await addAll(on, user, [[one, 1]])
        expectJson(await get(on, user), 200, { [one]: 1 })
      },
    },
  ],
}
