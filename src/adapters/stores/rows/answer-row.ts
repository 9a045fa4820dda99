// What keyed requests did, kept for their repeats.
import type { CartId, ItemId } from '../../../domain/ids.ts'
import type { Answer } from '../../../ports/store.ts'
import {
  bigint,
  defineTable,
  type Fields,
  nullable,
  type Row,
  text,
  textAs,
} from './define-table.ts'

const columns = {
  version: bigint,
  revision: bigint,
  at: bigint,
  user_id: textAs<CartId>(),
  caller: text,
  key: text,
  fingerprint: text,
  item_id: nullable(textAs<ItemId>()),
  form: nullable(text),
  text: nullable(text),
}

export const answerTable = defineTable('answers', columns)

export const fromAnswer = (cartId: CartId, answer: Answer): Row =>
  answerTable.toRow({
    version: answer.version,
    revision: answer.revision,
    at: answer.at,
    user_id: cartId,
    caller: answer.caller,
    key: answer.key,
    fingerprint: answer.fingerprint,
    item_id: answer.itemId,
    form: answer.form,
    text: answer.text,
  })

export const toAnswer = (fields: Fields<typeof columns>): Answer => {
  const { version, revision, at, caller, key, fingerprint, form, text: said } = fields
  return {
    version,
    revision,
    at,
    caller,
    key,
    fingerprint,
    itemId: fields.item_id,
    form,
    text: said,
  }
}
