// For operators: jobs that were given up, and giving them another try.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { toJobView } from '../answers/job-view.ts'
import { jsonType } from '../answers/send-changed.ts'
import { JobsView, RequeueView } from '../answers/views.ts'
import { JobParams, JobsQuery } from '../input/schemas.ts'
import { RefusedError } from '../problems/refused-error.ts'
import type { HttpParts } from '../server/http-parts.ts'
import { answers, describe } from '../server/openapi.ts'

export const jobRoutes =
  ({ useCases }: HttpParts): FastifyPluginAsyncTypebox =>
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
        const { jobs, next } = await useCases.listBuriedJobs(after, limit)
        return { jobs: jobs.map(toJobView), next }
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
        const result = await useCases.requeueJob(request.params.jobID, 'requeued')
        if (result.kind === 'refused') throw new RefusedError(result)
        return reply.code(202).header('content-type', jsonType).send(result.text)
      },
    )
  }
