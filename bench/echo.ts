// The measure that the service is held against: Fastify as it comes, with the same body schema,
// that answers what it was sent. It stores nothing.
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { AddItemBody } from '../src/adapters/http/input/addition.ts'

const app = Fastify({ logger: false })
const cart = process.env.ECHO_CART ?? '{}'

app.post(
  '/v1/cart/:userID/items',
  { schema: { body: AddItemBody, response: { 201: AddItemBody } } },
  async (request, reply) => reply.code(201).send(request.body),
)

app.get('/v1/cart/:userID', async (_request, reply) =>
  reply.header('content-type', 'application/json; charset=utf-8').send(cart),
)

await app.listen({ host: '127.0.0.1', port: 0 })
const { port } = app.server.address() as AddressInfo
process.stdout.write(`listening on http://127.0.0.1:${port}
`)
// Ends with its parent, however that went.
process.stdin.on('end', () => process.exit(0)).resume()
