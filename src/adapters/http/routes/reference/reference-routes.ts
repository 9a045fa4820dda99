// The APIs of the services that this one replaces, on the same carts; see docs/reference-apis.md.
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import type { HttpParts } from '../../server/http-parts.ts'
import { inMemoryRoutes } from './000-in-memory.ts'
import { postgresqlRoutes } from './001-postgresql.ts'
import { catalogRoutes } from './002-catalog.ts'
import { reservationRoutes } from './004-reservations.ts'
import { announceSuccessor } from './successor.ts'
import { answerDetail } from './wording.ts'

export const referenceRoutes =
  (parts: HttpParts): FastifyPluginAsync =>
  async (app) => {
    app.setErrorHandler(answerDetail)
    // read-input.ts checks what comes in, in words of their own; the schemas are for the document.
    app.setValidatorCompiler(() => () => true)
    ignoreOtherBodies(app)
    app.addHook('onRequest', (request, reply, done) => {
      announceSuccessor(request, reply)
      done()
    })
    inMemoryRoutes(app, parts)
    postgresqlRoutes(app, parts)
    catalogRoutes(app, parts)
    reservationRoutes(app, parts)
  }

// Additions by query came with whatever body a client sends by itself, such as an empty form.
const ignoreOtherBodies = (app: FastifyInstance): void => {
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => {
    done(null, undefined)
  })
}
