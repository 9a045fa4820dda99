// Bodies: JSON in UTF-8, bounded in depth, without characters that a store could not keep.
import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { limits } from '../../domain/limits.ts'
import { type FieldError, RequestError } from './problems.ts'

export const readBodies = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers()
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(request.headers['content-type'] ?? '')?.[1]
    if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
      return done(new RequestError('unsupported-media-type', 'The body must be JSON in UTF-8.'))
    }
    // Many clients announce JSON on a DELETE and send nothing.
    if (body.length === 0) return done(null, undefined)
    if (!isUtf8(body as Buffer)) {
      return done(new RequestError('invalid-request', 'The body is not valid UTF-8.'))
    }
    parseJson(request, body.toString(), (error, value) => {
      if (error !== null) {
        const detail = `The body is not valid JSON: ${error.message}`.slice(0, 300)
        return done(new RequestError('invalid-request', detail))
      }
      const fault = findFault(value, '', 1)
      if (fault === null) return done(null, value)
      done(new RequestError('invalid-request', `The body ${fault.detail}.`, [fault]))
    })
  })
}

// Deep values are refused before anything walks them without a bound.
const findFault = (value: unknown, pointer: string, depth: number): FieldError | null => {
  if (typeof value === 'string') return findTextFault(value, pointer)
  // JSON has no bound for numbers; 1e999 is read as Infinity, which would be kept as null.
  if (value === Infinity || value === -Infinity) return { pointer, detail: 'is too large a number' }
  if (typeof value !== 'object' || value === null) return null
  if (depth > limits.jsonDepth) {
    return { pointer, detail: `is nested deeper than ${limits.jsonDepth} levels` }
  }
  for (const [name, member] of Object.entries(value)) {
    const inside = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    const fault = findTextFault(name, inside) ?? findFault(member, inside, depth + 1)
    if (fault !== null) return fault
  }
  return null
}

const findTextFault = (text: string, pointer: string): FieldError | null =>
  text.isWellFormed() && !text.includes('\0')
    ? null
    : { pointer: pointer.toWellFormed(), detail: 'holds NUL or a lone surrogate' }
