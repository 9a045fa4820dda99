// Checks answers against the schemas that the API publishes; an undocumented member fails too.
import assert from 'node:assert/strict'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import type { Static, TSchema } from 'typebox'
import {
  CartView,
  ItemView,
  JobsView,
  JournalView,
  MinimalView,
  ProblemView,
  ReadyView,
} from '../../src/adapters/http/answers/views.ts'
import {
  type ProblemCode,
  problemCodes,
  statusOf,
} from '../../src/adapters/http/problems/problems.ts'
import type { Answer } from './http-service.ts'

export type CartJson = Static<typeof CartView>
export type ItemJson = Static<typeof ItemView>
export type ProblemJson = Static<typeof ProblemView>
export type JournalJson = Static<typeof JournalView>
export type JobsJson = Static<typeof JobsView>
export type ReadyJson = Static<typeof ReadyView>

const shapes = {
  cart: CartView,
  item: ItemView,
  minimal: MinimalView,
  journal: JournalView,
  jobs: JobsView,
  problem: ProblemView,
  ready: ReadyView,
} as const

/** The schema with every object closed that is not declared open. */
const toClosed = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(toClosed)
  if (typeof schema !== 'object' || schema === null) return schema
  const closed = Object.fromEntries(
    Object.entries(schema).map(([name, member]) => [name, toClosed(member)]),
  )
  const isOpen = !('properties' in closed) || 'additionalProperties' in closed
  return isOpen ? closed : { ...closed, additionalProperties: false }
}

const ajv = new Ajv({ allErrors: true, strict: false })
formats.default(ajv)

const compile = (schema: TSchema) => ajv.compile(toClosed(schema) as object)
const checks = Object.fromEntries(
  Object.entries(shapes).map(([name, schema]) => [name, compile(schema)]),
)

/** The body, checked against the schema of the API. */
export const read = <Name extends keyof typeof shapes>(
  shape: Name,
  answer: Pick<Answer, 'text'>,
): Static<(typeof shapes)[Name]> => {
  const value: unknown = JSON.parse(answer.text)
  const check = checks[shape]
  assert.ok(check?.(value), `${JSON.stringify(check?.errors)}\n${answer.text.slice(0, 2_000)}`)
  return value as Static<(typeof shapes)[Name]>
}

const isKnown = (code: string): code is ProblemCode => problemCodes.includes(code as ProblemCode)

/** Every fault is reported in the same form. */
export const assertIsProblem = (answer: Answer): ProblemJson => {
  assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
  const problem = read('problem', answer)
  assert.ok(isKnown(problem.code), problem.code)
  assert.equal(problem.status, answer.status)
  assert.equal(statusOf(problem.code), answer.status)
  assert.equal(problem.type, `urn:cart-service:problem:${problem.code}`)
  assert.ok(problem.title.length > 0 && problem.detail.length > 0)
  assert.ok(problem.detail.length <= 400, `a detail of ${problem.detail.length} characters`)
  assert.doesNotMatch(answer.text, /node_modules|\.ts:\d|at \w+ \(/, 'no stack trace')
  return problem
}

/** The problem with this code, named by the request that it answers. */
export const assertProblem = (answer: Answer, code: ProblemCode): ProblemJson => {
  const problem = assertIsProblem(answer)
  assert.equal(problem.code, code, answer.text)
  assert.equal(problem.instance, answer.headers['x-request-id'])
  return problem
}
