// Headers that lead clients of the reference APIs to their successor: RFC 9745 and the links of RFC 8288.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { toUserIdOrNull } from './read-input.ts'

/** When /v1 took over from the services that the references describe. */
const deprecation = `@${Date.UTC(2026, 10, 20) / 1_000}`

/** Reference 004 has no users: without this header, all callers share one cart. */
export const callerHeader = 'x-user-id'
export const callerFallback = 'default'

type Params = { readonly user_id?: string }

export const announceSuccessor = (request: FastifyRequest, reply: FastifyReply): void => {
  const { user_id } = request.params as Params
  const userId = toUserIdOrNull(user_id ?? request.headers[callerHeader] ?? callerFallback)
  reply.header('deprecation', deprecation)
  if (userId !== null) linkSuccessor(reply, userId)
}

export const linkSuccessor = (reply: FastifyReply, userId: string): FastifyReply =>
  reply.header('link', `</v1/cart/${encodeURIComponent(userId)}>; rel="successor-version"`)

/** The next page, beside the successor. */
export const linkNext = (reply: FastifyReply, target: string): FastifyReply =>
  reply.header('link', `<${target}>; rel="next", ${String(reply.getHeader('link'))}`)
