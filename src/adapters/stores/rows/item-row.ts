import type { Item, JsonObject, Older, Price } from '../../../domain/cart/item.ts'
import { noneOlder } from '../../../domain/cart/item.ts'
import type { CartId, ItemId } from '../../../domain/ids.ts'
import type { Reservation } from '../../../domain/reservation/reservation.ts'
import {
  bigint,
  defineTable,
  type Fields,
  integer,
  nullable,
  type Row,
  text,
  textAs,
} from './define-table.ts'
import { parseJson, toInteger, toList, toObject } from './json-cell.ts'
import { fromReservation, toReservation } from './reservation-cell.ts'

const columns = {
  user_id: textAs<CartId>(),
  product_id: text,
  /** Canonical JSON. */
  attributes: text,
  item_id: textAs<ItemId>(),
  name: nullable(text),
  quantity: integer,
  /** Minor units, as the catalog had it. */
  unit_price: nullable(bigint),
  currency: nullable(text),
  reservations: text,
  older: nullable(text),
  added_at: bigint,
  updated_at: bigint,
}

export const itemTable = defineTable('cart_items', columns)

export const fromItem = (cartId: CartId, item: Item): Row =>
  itemTable.toRow({
    user_id: cartId,
    product_id: item.productId,
    attributes: item.attributesKey,
    item_id: item.id,
    name: item.name,
    quantity: item.quantity,
    unit_price: item.unitPrice?.amount ?? null,
    currency: item.unitPrice?.currency ?? null,
    reservations: JSON.stringify(item.reservations.map(fromReservation)),
    older: item.older.count === 0 ? null : JSON.stringify(item.older),
    added_at: item.addedAt,
    updated_at: item.updatedAt,
  })

/** @throws Error that names the column, when a field holds what it may not. */
export const toItem = (fields: Fields<typeof columns>): Item => ({
  id: fields.item_id,
  productId: fields.product_id,
  name: fields.name,
  attributes: toAttributes(fields.attributes),
  attributesKey: fields.attributes,
  quantity: fields.quantity,
  unitPrice: toPrice(fields.unit_price, fields.currency),
  reservations: toReservations(fields.reservations),
  older: fields.older === null ? noneOlder : toOlderCounts(fields.older),
  addedAt: fields.added_at,
  updatedAt: fields.updated_at,
})

const toPrice = (amount: number | null, currency: string | null): Price | null => {
  if (amount === null && currency === null) return null
  if (amount !== null && currency !== null) return { amount, currency }
  throw new Error('cart_items.unit_price and cart_items.currency do not go together')
}

const toAttributes = (json: string): JsonObject => {
  if (json === '{}') return {}
  const where = 'cart_items.attributes'
  return toObject(parseJson(json, where), where) as JsonObject
}

const toReservations = (json: string): readonly Reservation[] => {
  const where = 'cart_items.reservations'
  return toList(parseJson(json, where), where).map((each) => toReservation(each, where))
}

const toOlderCounts = (json: string): Older => {
  const where = 'cart_items.older'
  const { count, reserved, unavailable, failed } = toObject(parseJson(json, where), where)
  return {
    count: toInteger(count, `${where}, count`),
    reserved: toInteger(reserved, `${where}, reserved`),
    unavailable: toInteger(unavailable, `${where}, unavailable`),
    failed: toInteger(failed, `${where}, failed`),
  }
}

/** Items of a cart are in the order they were added. */
export const byAddition = (a: Item, b: Item): number =>
  a.addedAt - b.addedAt || (a.id < b.id ? -1 : 1)
