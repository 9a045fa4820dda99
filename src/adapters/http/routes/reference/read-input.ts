// Reads what the reference APIs take, and says what is wrong with it as FastAPI does: a list of faults.
import type { FastifyRequest } from 'fastify'
import { limits } from '../../../../domain/limits.ts'
import { textPattern, userIdPattern } from '../../input/schema-kinds.ts'
import { RequestError } from '../../problems/request-error.ts'

export type Fault = {
  readonly type: string
  readonly loc: readonly string[]
  readonly msg: string
  readonly input: unknown
  readonly ctx?: Readonly<Record<string, string | number>>
}

/** A request that cannot be carried out as it is: 422 with all its faults. */
export class InputError extends Error {
  readonly faults: readonly Fault[]
  constructor(faults: readonly Fault[]) {
    super(faults.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; '))
    this.name = 'InputError'
    this.faults = faults
  }
}

export type Given = {
  readonly source: 'path' | 'query' | 'body' | 'header'
  readonly name: string
  readonly value: unknown
  /** What the value is missing in. */
  readonly within?: unknown
}

type Members = Readonly<Record<string, unknown>>

export const inPath = ({ params }: FastifyRequest, name: string): Given => ({
  source: 'path',
  name,
  value: (params as Members)[name],
})

export const inQuery = ({ query }: FastifyRequest, name: string): Given => ({
  source: 'query',
  name,
  value: (query as Members)[name],
})

/** From the query, where it is there; else from the JSON body, if there is one. */
export const inQueryOrBody = (request: FastifyRequest, name: string): Given => {
  const given = inQuery(request, name)
  return given.value !== undefined || !isObject(request.body) ? given : inBody(request.body, name)
}

export const inBody = (body: Members, name: string): Given => ({
  source: 'body',
  name,
  value: body[name],
  within: body,
})

/** @throws InputError, or RequestError when the body is something other than JSON. */
export const readBody = ({ body, headers }: FastifyRequest): Members => {
  if (isObject(body)) return body
  if (body === undefined && !/^(?:application\/json\b|$)/i.test(headers['content-type'] ?? '')) {
    throw new RequestError('unsupported-media-type', 'The body must be application/json.')
  }
  throw new InputError([body == null ? missing(['body'], null) : noObject(body)])
}

const isObject = (body: unknown): body is Members =>
  typeof body === 'object' && body !== null && !Array.isArray(body)

const noObject = (body: unknown): Fault => ({
  type: 'model_attributes_type',
  loc: ['body'],
  msg: 'Input should be a valid dictionary or object to extract fields from',
  input: echo(body),
})

const missing = (loc: readonly string[], within: unknown): Fault => ({
  type: 'missing',
  loc,
  msg: 'Field required',
  input: echo(within),
})

// What a caller sent is not sent back at length.
const echoedMax = 300
const echo = (value: unknown): unknown => {
  if (typeof value === 'string') return value.slice(0, echoedMax).toWellFormed()
  return value === undefined || JSON.stringify(value).length > echoedMax ? null : value
}

type Wrong = Omit<Fault, 'loc' | 'input'>

const read = <T>(
  faults: Fault[],
  { source, name, value, within }: Given,
  check: () => T | Wrong,
  instead: T,
): T => {
  const loc = [source, name]
  if (value === undefined) {
    faults.push(missing(loc, within))
    return instead
  }
  const found = check()
  if (typeof found !== 'object' || found === null) return found
  const { type, msg, ...more } = found as Wrong
  faults.push({ type, loc, msg, input: echo(value), ...more })
  return instead
}

type TextRule = { readonly max: number; readonly pattern: RegExp }

const toRule = (max: number, pattern: string): TextRule => ({
  max,
  pattern: new RegExp(pattern, 'u'),
})

const userId = toRule(limits.idChars, userIdPattern)
const productId = toRule(limits.idChars, textPattern)
const cursor = toRule(limits.idChars + 40, '^\\d{1,15}\\.[!-~]+$')

// Characters as JSON Schema counts them: those of Unicode, not units of UTF-16.
const isLonger = (text: string, max: number): boolean =>
  text.length > max && (text.length > 2 * max || [...text].length > max)

const findTextFault = (value: unknown, { max, pattern }: TextRule): Wrong | null => {
  if (typeof value !== 'string') {
    return { type: 'string_type', msg: 'Input should be a valid string' }
  }
  if (value === '') {
    const msg = 'String should have at least 1 character'
    return { type: 'string_too_short', msg, ctx: { min_length: 1 } }
  }
  if (isLonger(value, max)) {
    const msg = `String should have at most ${max} characters`
    return { type: 'string_too_long', msg, ctx: { max_length: max } }
  }
  if (pattern.test(value)) return null
  const msg = `String should match pattern '${pattern.source}'`
  return { type: 'string_pattern_mismatch', msg, ctx: { pattern: pattern.source } }
}

const readText = (faults: Fault[], given: Given, rule: TextRule): string =>
  read(faults, given, () => findTextFault(given.value, rule) ?? String(given.value), '')

export const readUserId = (faults: Fault[], given: Given): string => readText(faults, given, userId)

export const readProductId = (faults: Fault[], given: Given): string =>
  readText(faults, given, productId)

/** Where a page of additions begins. */
export const readCursor = (faults: Fault[], given: Given): string => readText(faults, given, cursor)

/** For a header: null when it is no user id. */
export const toUserIdOrNull = (text: unknown): string | null =>
  findTextFault(text, userId) === null ? String(text) : null

const findIntegerFault = (value: unknown, min: number, max: number): Wrong | number => {
  if (typeof value === 'string') {
    const msg = 'Input should be a valid integer, unable to parse string as an integer'
    if (!/^-?\d+$/.test(value)) return { type: 'int_parsing', msg }
    return findIntegerFault(Number(value), min, max)
  }
  if (typeof value !== 'number') return { type: 'int_type', msg: 'Input should be a valid integer' }
  if (value < min) {
    const msg = `Input should be greater than or equal to ${min}`
    return { type: 'greater_than_equal', msg, ctx: { ge: min } }
  }
  if (value > max) {
    const msg = `Input should be less than or equal to ${max}`
    return { type: 'less_than_equal', msg, ctx: { le: max } }
  }
  if (Number.isInteger(value)) return value
  const msg = 'Input should be a valid integer, got a number with a fractional part'
  return { type: 'int_from_float', msg }
}

/** Digits are a number in a query, where everything is text; in JSON they are text. */
export const readInteger = (faults: Fault[], given: Given, min: number, max: number): number => {
  const { source, value } = given
  const taken = source === 'body' && typeof value === 'string' ? null : value
  return read<number>(faults, given, () => findIntegerFault(taken, min, max), 0)
}

export const readQuantity = (faults: Fault[], given: Given): number =>
  readInteger(faults, given, 1, limits.quantityPerItem)

/** One of these words; the first when it is not there. */
export const readChoice = <const T extends string>(
  faults: Fault[],
  given: Given,
  words: readonly [T, ...T[]],
): T => {
  const listed = words.map((word) => `'${word}'`).join(' or ')
  const fault = { type: 'enum', msg: `Input should be ${listed}`, ctx: { expected: listed } }
  const { value = words[0] } = given
  return read<T>(
    faults,
    { ...given, value },
    () => words.find((w) => w === value) ?? fault,
    words[0],
  )
}

/** Collects all faults before it refuses. @throws InputError */
export const readInput = <T>(read: (faults: Fault[]) => T): T => {
  const faults: Fault[] = []
  const input = read(faults)
  if (faults.length > 0) throw new InputError(faults)
  return input
}
