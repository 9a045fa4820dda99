import {
  type Cart,
  type CartId,
  emptyCart,
  type Item,
  type ItemId,
  type JsonObject,
  noneOlder,
  type Older,
} from '../../../domain/cart.ts'
import type { JobIntent } from '../../../domain/react.ts'
import type { Departing, HoldId, ReservationKey } from '../../../domain/reservation.ts'
import type {
  Answer,
  Change,
  JobChanges,
  JournalEntry,
  Lease,
  Loaded,
} from '../../../ports/store.ts'
import { type Compact, fromReservation, toReservation } from '../compact-reservation.ts'

export type Value = string | number | null
export type Row = readonly Value[]

/** A change as rows; a part that is empty is absent. The columns are those of the SQL in each file. */
export type ChangeRows = {
  readonly cartId: CartId
  readonly expectedRevision: number
  readonly at: number
  readonly cart: Change['cart']
  readonly lines: Parts<{ readonly put: readonly Row[]; readonly removed: readonly Row[] }>
  readonly events: readonly Row[]
  readonly jobs: { readonly put: readonly Row[] } & Parts<Omit<JobChanges, 'put'>>
} & Parts<{
  readonly older: { readonly put: readonly Row[]; readonly removed: readonly Row[] }
  readonly departing: {
    readonly put: readonly Row[]
    readonly removed: readonly ReservationKey[]
  }
  readonly leases: readonly Lease[]
  readonly answers: readonly Answer[]
}>

// JSON leaves out what is undefined; leaving it out by hand costs more.
type Parts<T> = { readonly [Name in keyof T]?: T[Name] | undefined }

/** The row of the cart and those of its lines; no row when it was never written. */
export type LoadedRows = {
  readonly rows: readonly Row[]
  readonly departing?: readonly Row[]
  readonly answers?: readonly Answer[]
}

export const toChangeRows = (change: Change): ChangeRows => {
  const { items, older, departing } = change
  return {
    cartId: change.cartId,
    expectedRevision: change.expectedRevision,
    at: change.at,
    cart: change.cart,
    lines: {
      put: unlessEmpty(items.put)?.map(fromItem),
      removed: unlessEmpty(items.removed)?.map(fromIdentity),
    },
    events: change.events.map(fromEntry),
    jobs: toJobRows(change.jobs),
    older:
      older.put.length + older.removed.length === 0
        ? undefined
        : {
            put: older.put.map(({ itemId, reservation }) => [
              itemId,
              reservation.key,
              JSON.stringify(fromReservation(reservation)),
            ]),
            removed: older.removed.map(({ itemId, key }) => [itemId, key]),
          },
    departing:
      departing.put.length + departing.removed.length === 0
        ? undefined
        : { put: departing.put.map(fromDeparting), removed: departing.removed },
    leases: unlessEmpty(change.leases),
    answers: unlessEmpty(change.answers),
  }
}

const unlessEmpty = <T>(list: readonly T[]): readonly T[] | undefined =>
  list.length === 0 ? undefined : list

export const toLoaded = (cartId: CartId, { rows, departing, answers }: LoadedRows): Loaded => {
  const [head, ...lines] = rows
  if (head === undefined) return { cart: emptyCart(cartId), answers: answers ?? [] }
  const cart: Cart = {
    id: cartId,
    version: head[0] as number,
    revision: head[1] as number,
    items: lines.map(toItem).sort((a, b) => a.addedAt - b.addedAt || (a.id < b.id ? -1 : 1)),
    departing: departing?.map(toDeparting) ?? [],
    createdAt: head[12] as number,
    updatedAt: head[13] as number,
  }
  return { cart, answers: answers ?? [] }
}

const fromIdentity = (item: Item): Row => [item.productId, item.attributesKey]

const fromItem = (item: Item): Row => [
  item.productId,
  item.attributesKey,
  item.id,
  item.name,
  item.quantity,
  item.unitPrice?.amount ?? null,
  item.unitPrice?.currency ?? null,
  JSON.stringify(item.reservations.map(fromReservation)),
  item.older.count === 0 ? null : JSON.stringify(item.older),
  item.addedAt,
  item.updatedAt,
]

const toItem = (row: Row): Item => {
  const [id, productId, attributes, name, quantity, amount, currency, reservations, older] =
    row.slice(3)
  return {
    id: id as ItemId,
    productId: productId as string,
    name: name as string | null,
    attributes: attributes === '{}' ? {} : (JSON.parse(attributes as string) as JsonObject),
    attributesKey: attributes as string,
    quantity: quantity as number,
    unitPrice: amount === null ? null : { amount: amount as number, currency: currency as string },
    reservations: (JSON.parse(reservations as string) as Compact[]).map(toReservation),
    older: older === null ? noneOlder : (JSON.parse(older as string) as Older),
    addedAt: row[12] as number,
    updatedAt: row[13] as number,
  }
}

const fromDeparting = ({ key, itemId, quantity, state, holdId, since }: Departing): Row => [
  key,
  itemId,
  quantity,
  state,
  holdId,
  since,
]

const toDeparting = ([key, itemId, quantity, state, holdId, since]: Row): Departing => ({
  key: key as ReservationKey,
  itemId: itemId as ItemId,
  quantity: quantity as number,
  state: state as Departing['state'],
  holdId: holdId as HoldId | null,
  since: since as number,
})

// The canonical text of the attributes follows from them; the rest has columns of its own.
const elsewhere = { type: undefined, at: undefined, attributesKey: undefined }

const fromEntry = ({ revision, place, version, actor, event }: JournalEntry): Row => [
  revision,
  place,
  version,
  event.type,
  JSON.stringify({ ...event, ...elsewhere }),
  actor,
  event.at,
]

const toJobRows = (jobs: JobChanges): ChangeRows['jobs'] => ({
  put: jobs.put.map(fromJob),
  cancelled: unlessEmpty(jobs.cancelled),
  revived: unlessEmpty(jobs.revived),
  requeued: unlessEmpty(jobs.requeued),
  buried: unlessEmpty(jobs.buried),
  finished: unlessEmpty(jobs.finished),
})

const fromJob = ({ id, kind, key, itemId, productId, quantity, holdId }: JobIntent): Row => [
  id,
  kind,
  key,
  itemId,
  productId,
  quantity,
  holdId,
]
