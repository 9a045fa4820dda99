// What checks expect of answers. Members that a document doesn't name are not checked.
import { isDeepStrictEqual } from 'node:util'
import { type Answer, Failure } from './check.ts'

const shownChars = 300

export const show = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  return text.length > shownChars ? `${text.slice(0, shownChars)}…` : text
}

const showAnswer = ({ status, text }: Answer): string =>
  `${status} ${text === '' ? 'without a body' : show(text.trim().replace(/\s+/g, ' '))}`

/** @throws Failure always */
export function fail(answer: Answer, expected: string): never {
  throw new Failure(`${answer.request}: expected ${expected}, got ${showAnswer(answer)}`)
}

export const expectStatus = (answer: Answer, ...statuses: readonly number[]): void => {
  if (!statuses.includes(answer.status)) fail(answer, statuses.join(' or '))
}

export const expectJson = (answer: Answer, status: number, value: unknown): void => {
  if (answer.status === status && isDeepStrictEqual(answer.json, value)) return
  fail(answer, `${status} ${show(value)}`)
}

export type Members = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A JSON object with at least these members. */
export const expectMembers = (answer: Answer, status: number, members: Members): void => {
  const { json } = answer
  const isSo =
    answer.status === status &&
    isObject(json) &&
    Object.entries(members).every(([name, value]) => isDeepStrictEqual(json[name], value))
  if (!isSo) fail(answer, `${status} ${show(members)}`)
}

export const isSuccess = ({ status }: Answer): boolean => status >= 200 && status < 300
export const isRefusal = ({ status }: Answer): boolean => status >= 400 && status < 500

export const expectSuccess = (answer: Answer): void => {
  if (!isSuccess(answer)) fail(answer, 'a status from 200 to 299')
}

/** For requests that a document's code refuses, without the document naming how. */
export const expectRefusal = (answer: Answer, why: string): void => {
  if (!isRefusal(answer)) fail(answer, `a status from 400 to 499, because ${why}`)
}

/** Quantities by product, of `[{product_id, quantity}]`, in any order. */
export const readLines = (answer: Answer): Readonly<Record<string, number>> => {
  const wanted = '200 with a list of {product_id, quantity}'
  const { status, json } = answer
  if (status !== 200 || !Array.isArray(json)) return fail(answer, wanted)
  const quantities: Record<string, number> = {}
  for (const line of json as readonly unknown[]) {
    if (!isObject(line)) return fail(answer, wanted)
    const { product_id: product, quantity } = line
    if (typeof product !== 'string' || typeof quantity !== 'number') return fail(answer, wanted)
    if (product in quantities) return fail(answer, `${product} in one line only`)
    quantities[product] = quantity
  }
  return quantities
}

export const expectLines = (answer: Answer, wanted: Readonly<Record<string, number>>): void => {
  if (!isDeepStrictEqual(toSorted(readLines(answer)), toSorted(wanted))) {
    fail(answer, `the quantities ${show(wanted)}`)
  }
}

const toSorted = (quantities: Readonly<Record<string, number>>): readonly (readonly unknown[])[] =>
  Object.entries(quantities).sort(([one], [other]) => (one < other ? -1 : 1))
