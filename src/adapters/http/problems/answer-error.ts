// Everything that is thrown on the way to an answer ends here, as a problem document.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type Refused, refused } from '../../../application/carts/command-request.ts'
import { CartError } from '../../../domain/errors.ts'
import { type Problem, type ProblemCode, retryAfterOf, toProblem } from './problems.ts'
import { RefusedError } from './refused-error.ts'
import { RequestError } from './request-error.ts'

export const sendProblem = (reply: FastifyReply, problem: Problem): FastifyReply => {
  const retryAfterSeconds = retryAfterOf(problem.code)
  if (retryAfterSeconds !== null) reply.header('retry-after', String(retryAfterSeconds))
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(JSON.stringify(problem))
}

/** The error handler of the server: everything that was thrown on the way to an answer ends here. */
export const answerError = (
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply => sendProblem(reply, explain(error, request))

/** What an error is to the caller; faults of our own are logged. */
export const explain = (error: FastifyError | Error, request: FastifyRequest): Problem => {
  const problem = fromError(error, request)
  const about = { err: error, requestId: request.id }
  if (problem.status === 500) request.log.error(about, 'request failed')
  if (problem.code === 'store-unavailable') request.log.warn(about, 'store unavailable')
  return problem
}

const fromError = (error: FastifyError | Error, { id }: FastifyRequest): Problem => {
  if (error instanceof RefusedError) return fromRefused(error.refused, id)
  if (error instanceof CartError) return fromRefused(refused(error.code, error.message), id)
  if (error instanceof RequestError) {
    const { code, message, errors } = error
    return toProblem(code, message, id, errors.length === 0 ? {} : { errors })
  }
  if ('validation' in error && error.validation !== undefined) return fromValidation(error, id)
  return fromFramework(error, id)
}

const fromRefused = ({ code, message, cart }: Refused, id: string): Problem => {
  // What the store says about itself is for the log.
  const detail = code === 'store-unavailable' ? 'The store did not answer; try again.' : message
  return toProblem(code, detail, id, cart === undefined ? {} : { cart: JSON.parse(cart) })
}

const fromValidation = (error: FastifyError, instance: string): Problem => {
  const prefix = error.validationContext === 'body' ? '' : `/${error.validationContext}`
  const errors = (error.validation ?? []).slice(0, 20).map(({ instancePath, message, params }) => {
    const extra = params.additionalProperty ?? params.missingProperty
    const detail = typeof extra === 'string' ? `${message} (${extra})` : `${message}`
    return { pointer: `${prefix}${instancePath}`, detail }
  })
  const where = error.validationContext ?? 'request'
  return toProblem('invalid-request', `The ${where} does not fit its schema.`, instance, { errors })
}

const frameworkCodes: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_BAD_URL: 'invalid-request',
  FST_ERR_MAX_PARAM_LENGTH: 'invalid-request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid-request',
}

const fromFramework = (error: FastifyError | Error, instance: string): Problem => {
  const frameworkCode = 'code' in error ? frameworkCodes[error.code] : undefined
  if (frameworkCode !== undefined) return toProblem(frameworkCode, error.message, instance)
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500
  return status >= 400 && status < 500
    ? toProblem('invalid-request', error.message, instance)
    : toProblem('internal-error', 'The fault is logged under the request id.', instance)
}
