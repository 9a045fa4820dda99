// For operators: jobs that were given up, and giving them another try.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Command } from '../../../domain/commands.ts'
import { CartError } from '../../../domain/errors.ts'
import type { Job } from '../../../ports/store.ts'
import { answers, describe } from '../openapi.ts'
import type { HttpParts } from '../parts.ts'
import { JobParams, JobsQuery, JobsView, RequeueView } from '../schemas.ts'

export const adminJobRoutes =
  (parts: HttpParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/v1/admin/jobs',
      {
        schema: {
          ...describe('admin', 'List buried jobs', 'In the order of their ids.'),
          querystring: JobsQuery,
          response: answers({ 200: JobsView }),
        },
      },
      async (request) => {
        const { after = null, limit = 100 } = request.query
        const found = await parts.store.listBuried(after, limit + 1)
        const page = found.slice(0, limit)
        const next = found.length > limit ? (page.at(-1)?.id ?? null) : null
        return { jobs: page.map(toJobView), next }
      },
    )

    app.post(
      '/v1/admin/jobs/:jobID/requeue',
      {
        schema: {
          ...describe('admin', 'Give a buried job another try', 'It is due at once.'),
          params: JobParams,
          response: answers({ 202: RequeueView }),
        },
      },
      async (request, reply) => {
        const { jobID } = request.params
        const job = await parts.store.findJob(jobID)
        if (job === null || job.buriedAt === null) {
          throw new CartError('job-not-found', `There is no buried job ${jobID}.`)
        }
        const { response } = await parts.commands.handle(job.cartId, {
          command: toRequeue(parts, job),
          expected: null,
          repeatable: null,
          respond: ({ events }) => {
            const result = events.length > 0 ? 'requeued' : 'dropped'
            return { status: 202, headers: {}, body: JSON.stringify({ id: jobID, result }) }
          },
        })
        return reply
          .code(response.status)
          .header('content-type', 'application/json; charset=utf-8')
          .send(response.body)
      },
    )
  }

const toRequeue = ({ clock }: HttpParts, { id, kind, itemId, key }: Job): Command => ({
  type: 'requeue-job',
  jobId: id,
  jobKind: kind,
  itemId,
  key,
  at: clock.now(),
  actor: 'operator',
  id: clock.newId(),
  reserving: true,
})

const toJobView = (job: Job) => ({
  id: job.id,
  kind: job.kind,
  user_id: job.cartId,
  item_id: job.itemId,
  attempts: job.attempts,
  last_error: job.lastError,
  buried_at: job.buriedAt === null ? null : new Date(job.buriedAt).toISOString(),
})
