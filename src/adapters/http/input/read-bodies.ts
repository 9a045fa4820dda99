// Bodies: JSON in UTF-8, bounded in depth, without characters that a store could not keep.
import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { limits } from '../../../domain/limits.ts'
import { type FieldError, RequestError } from '../problems/request-error.ts'

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
      const fault = findFault(value, 1)
      if (fault === null) return done(null, value)
      done(new RequestError('invalid-request', `The body ${fault.detail}.`, [fault]))
    })
  })
}

// Deep values are refused before anything walks them without a bound. The pointer is made on the way back.
const findFault = (value: unknown, depth: number): FieldError | null => {
  if (typeof value === 'string') return findTextFault(value)
  // JSON has no bound for numbers; 1e999 is read as Infinity, which would be kept as null.
  if (value === Infinity || value === -Infinity)
    return { pointer: '', detail: 'is too large a number' }
  if (typeof value !== 'object' || value === null) return null
  if (depth > limits.jsonDepth) {
    return { pointer: '', detail: `is nested deeper than ${limits.jsonDepth} levels` }
  }
  const members = value as Readonly<Record<string, unknown>>
  for (const name of Object.keys(members)) {
    const fault = findTextFault(name) ?? findFault(members[name], depth + 1)
    if (fault !== null) return { ...fault, pointer: `/${toStep(name)}${fault.pointer}` }
  }
  return null
}

const toStep = (name: string): string =>
  name.replaceAll('~', '~0').replaceAll('/', '~1').toWellFormed()

const findTextFault = (text: string): FieldError | null =>
  text.isWellFormed() && !text.includes('\0')
    ? null
    : { pointer: '', detail: 'holds NUL or a lone surrogate' }
