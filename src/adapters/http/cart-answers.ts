// Words the answers to changes of a cart.
import type { FastifyRequest } from 'fastify'
import type { Effect, Response } from '../../application/decide-together.ts'
import { findItem, type Item, type ItemId } from '../../domain/cart.ts'
import { toCartText, toETag, toMinimalText } from './cart-view.ts'
import { prefersMinimal } from './headers.ts'

const json = { 'content-type': 'application/json; charset=utf-8' }

/** The cart, or only the touched item when the caller prefers that. */
export const cartAnswer = (request: FastifyRequest, status: number, about?: string) => {
  const isMinimal = prefersMinimal(request.headers.prefer)
  return (effect: Effect): Response => {
    const { cart } = effect
    const item = touchedItem(effect, about)
    const headers: Record<string, string> = { ...json, etag: toETag(cart) }
    if (status === 201 && item !== undefined) {
      const user = encodeURIComponent(cart.id)
      headers.location = `/v1/cart/${user}/items/${encodeURIComponent(item.id)}`
    }
    if (isMinimal) headers['preference-applied'] = 'return=minimal'
    return { status, headers, body: isMinimal ? toMinimalText(cart, item) : toCartText(cart) }
  }
}

export const emptyAnswer = ({ cart }: Effect): Response => ({
  status: 204,
  headers: { etag: toETag(cart) },
  body: '',
})

const touchedItem = ({ cart, events }: Effect, about: string | undefined): Item | undefined => {
  if (about !== undefined) return findItem(cart, about as ItemId)
  const added = events.find((event) => event.type === 'item-added')
  return added === undefined ? undefined : findItem(cart, added.itemId)
}
