// The shapes of the wire contract: strict on what comes in, so that a client that deviates from it
// is answered with 400 instead of being half understood.
import { RequestError } from './http.ts'
import type { Hold, HoldQuery, Wanted } from './ledger.ts'

const batchMax = 1_000
const pageMax = 10_000
const pageDefault = 1_000
const quantityMax = 1_000_000_000

type Fields = Readonly<Record<string, unknown>>

function readFields(value: unknown, where: string, allowed: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RequestError(400, `${where} must be an object`)
  }
  const unknown = Object.keys(value).find((key) => !allowed.includes(key))
  if (unknown !== undefined) throw new RequestError(400, `${where} has an unknown ${unknown}`)
  return value as Fields
}

function readText(value: unknown, where: string, lengthMax: number): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= lengthMax) return value
  throw new RequestError(400, `${where} must be a text of 1 to ${lengthMax} characters`)
}

function readReservation(value: unknown, where: string): Omit<Wanted, 'key'> {
  const fields = readFields(value, where, ['item', 'quantity', 'reference'])
  const { item, quantity = 1, reference } = fields
  const isQuantity = Number.isInteger(quantity) && Number(quantity) >= 1
  if (!isQuantity || Number(quantity) > quantityMax) {
    throw new RequestError(400, `${where}.quantity must be a whole number from 1 to ${quantityMax}`)
  }
  return {
    item: readText(item, `${where}.item`, 256),
    quantity: Number(quantity),
    reference: reference === undefined ? null : readText(reference, `${where}.reference`, 255),
  }
}

export function readKey(header: string | string[] | undefined): string | null {
  if (header === undefined) return null
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header
  throw new RequestError(400, 'Idempotency-Key must be 1 to 255 visible ASCII characters')
}

export function readSingle(body: unknown, key: string | null): Wanted {
  return { ...readReservation(body, 'body'), key }
}

/** In a batch the reference is the key. */
export function readBatch(body: unknown): readonly Wanted[] {
  const { reservations } = readFields(body, 'body', ['reservations'])
  if (!Array.isArray(reservations) || reservations.length < 1 || reservations.length > batchMax) {
    throw new RequestError(400, `body.reservations must be a list of 1 to ${batchMax}`)
  }
  return reservations.map((value: unknown, index) => {
    const where = `body.reservations[${index}]`
    const reservation = readReservation(value, where)
    if (reservation.reference === null) {
      throw new RequestError(400, `${where}.reference must be a text of 1 to 255 characters`)
    }
    return { ...reservation, key: reservation.reference }
  })
}

function readCount(
  text: string | null,
  name: string,
  min: number,
  max: number,
): number | undefined {
  if (text === null) return undefined
  const count = /^\d{1,15}$/.test(text) ? Number(text) : -1
  if (count >= min && count <= max) return count
  throw new RequestError(400, `${name} must be a whole number from ${min} to ${max}`)
}

export function readHoldQuery(parameters: URLSearchParams): HoldQuery & { readonly limit: number } {
  const unknown = [...parameters.keys()].find(
    (name) => !['reference', 'state', 'after', 'limit'].includes(name),
  )
  if (unknown !== undefined) throw new RequestError(400, `${unknown} is not a filter of the ledger`)
  const reference = parameters.get('reference')
  const state = parameters.get('state')
  if (state !== null && state !== 'active' && state !== 'released') {
    throw new RequestError(400, 'state must be active or released')
  }
  return {
    ...(reference !== null && { reference }),
    ...(state !== null && { state }),
    after: readCount(parameters.get('after'), 'after', 0, Number.MAX_SAFE_INTEGER) ?? 0,
    limit: readCount(parameters.get('limit'), 'limit', 1, pageMax) ?? pageDefault,
  }
}

const toTime = (epochMs: number) => new Date(epochMs).toISOString()

export function toWireHold(hold: Hold): Record<string, unknown> {
  return {
    reservation_id: hold.reservationId,
    reference: hold.reference,
    key: hold.key,
    item: hold.item,
    quantity: hold.quantity,
    state: hold.state,
    made_at: toTime(hold.madeAt),
    released_at: hold.releasedAt === null ? null : toTime(hold.releasedAt),
  }
}
