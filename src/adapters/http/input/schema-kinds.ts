// The kinds of values that go over the wire; the schemas of requests and answers are made of these.
import { type Static, type TSchema, Type } from 'typebox'
import { limits } from '../../../domain/limits.ts'

/** Unknown members are refused. */
export const closed = { additionalProperties: false } as const

/** An object of any members; Type.Record would match each name against a pattern. */
export const Mapping = <T extends TSchema>(members: T, description?: string) =>
  Type.Unsafe<Record<string, Static<T>>>({
    type: 'object',
    additionalProperties: members,
    ...(description !== undefined && { description }),
  })

export const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) =>
  Type.Union([type, Type.Null()])

// Visible ASCII except what splits or quotes URLs, so that ids of identity providers fit.
export const userIdPattern = "^[!$&-.0-9:;=@A-Z\\[\\]_a-z|~*'()+,]+$"
// Without control characters, surrogates that stand alone, and white space at the ends.
export const textPattern = '^[^\\s\\p{Cc}\\p{Cs}](?:[^\\p{Cc}\\p{Cs}]*[^\\s\\p{Cc}\\p{Cs}])?$'

export const Text = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, pattern: textPattern, description })

export const UserId = Type.String({
  minLength: 1,
  maxLength: limits.idChars,
  pattern: userIdPattern,
  description: 'Whose cart; made by the caller.',
})

/** An id that the service made. */
export const OwnId = Type.String({ minLength: 1, maxLength: limits.idChars, pattern: '^[!-~]+$' })

export const ProductId = Text(limits.idChars, 'What is sold; any text without control characters.')

export const Quantity = (minimum: number) =>
  Type.Integer({ minimum, maximum: limits.quantityPerItem, description: 'Whole units.' })
