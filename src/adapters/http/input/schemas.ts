// What requests may hold, said once: validation, types and the OpenAPI document come from here.
import { type Static, Type } from 'typebox'
import { limits } from '../../../domain/limits.ts'
import { additionMembers } from './addition.ts'
import { closed, OwnId, Quantity, UserId } from './schema-kinds.ts'

export const CartParams = Type.Object({ userID: UserId })
export const ItemParams = Type.Object({ userID: UserId, itemID: OwnId })

export const SetQuantityBody = Type.Object({ quantity: Quantity(0) }, closed)
export type SetQuantityBody = Static<typeof SetQuantityBody>

export const OperationsBody = Type.Object(
  {
    operations: Type.Array(
      Type.Union([
        Type.Object({ op: Type.Literal('add'), ...additionMembers }, closed),
        Type.Object({ op: Type.Literal('set'), item_id: OwnId, quantity: Quantity(0) }, closed),
        Type.Object({ op: Type.Literal('remove'), item_id: OwnId }, closed),
        Type.Object({ op: Type.Literal('clear') }, closed),
      ]),
      { minItems: 1, maxItems: limits.operationsPerRequest },
    ),
  },
  closed,
)
export type OperationsBody = Static<typeof OperationsBody>

export const JournalQuery = Type.Object(
  {
    after: Type.Optional(
      Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Exclusive.' }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: limits.journalEntriesPerPage, default: 100 }),
    ),
  },
  closed,
)

export const JobsQuery = Type.Object(
  {
    state: Type.Literal('buried'),
    after: Type.Optional(OwnId),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.jobsPerPage, default: 100 })),
  },
  closed,
)

export const JobParams = Type.Object({ jobID: OwnId })
