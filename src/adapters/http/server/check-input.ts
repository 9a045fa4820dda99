// Validation of requests by the schemas of their routes. Nothing is coerced.
import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'

export const checkInput = (app: FastifyInstance): void => {
  const ajv = new Ajv({ coerceTypes: false, removeAdditional: false, allErrors: false })
  formats.default(ajv)
  app.setValidatorCompiler(({ schema, httpPart }) => {
    const check = ajv.compile(schema as object)
    return httpPart === 'querystring' ? checkQuery(schema as QuerySchema, check) : check
  })
}

type QuerySchema = { readonly properties: Readonly<Record<string, { readonly type?: string }>> }

// Queries come as text. Only digits are read as a number: not 0x10, 1e2 or " 1".
const checkQuery = ({ properties }: QuerySchema, check: ValidateFunction) => {
  const numbers = Object.keys(properties).filter((name) => properties[name]?.type === 'integer')
  return (query: Record<string, unknown>) => {
    for (const name of numbers) {
      const text = query[name]
      if (typeof text === 'string' && /^\d{1,16}$/.test(text)) query[name] = Number(text)
    }
    return check(query) || { error: check.errors ?? [] }
  }
}
