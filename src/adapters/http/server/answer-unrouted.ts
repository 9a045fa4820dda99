// Answers requests that no route takes: 405 where another method is allowed, else 404.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { sendProblem } from '../problems/answer-error.ts'
import { toProblem } from '../problems/problems.ts'

type Route = { readonly pattern: RegExp; readonly methods: Set<string> }
export type RoutesByUrl = ReadonlyMap<string, Route>

/** Of the routes that are registered from now on. */
export const collectRoutes = (app: FastifyInstance): RoutesByUrl => {
  const routes = new Map<string, Route>()
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return
    const pattern = new RegExp(`^${url.replace(/[.]/g, '\\.').replace(/:\w+/g, '[^/]+')}$`)
    const route = routes.get(url) ?? { pattern, methods: new Set<string>() }
    for (const each of [method].flat()) route.methods.add(each)
    routes.set(url, route)
  })
  return routes
}

export const answerUnrouted = (
  routes: RoutesByUrl,
  request: FastifyRequest,
  reply: FastifyReply,
) => {
  const path = request.url.split('?', 1)[0] ?? ''
  const allowed = [...routes.values()]
    .filter(({ pattern }) => pattern.test(path))
    .flatMap(({ methods }) => [...methods])
  if (allowed.length === 0 || allowed.includes(request.method)) return answerMissing(request, reply)
  const allow = [...new Set(allowed)].sort().join(', ')
  reply.header('allow', allow)
  return sendProblem(reply, toProblem('method-not-allowed', `Allowed: ${allow}.`, request.id))
}

export const answerMissing = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  sendProblem(reply, toProblem('route-not-found', 'See /docs.', request.id))
