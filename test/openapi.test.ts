// The published document: what the server makes, and valid as far as a test can check.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { makeDocs } from '../scripts/write-docs.ts'
import { openHttpService } from './support/http-service.ts'

type Json = Readonly<Record<string, unknown>>
type Parameter = { readonly name: string; readonly in: string } & Json
type Content = Readonly<Record<string, { readonly schema: Json }>>
type Answer = { readonly description: string; readonly content?: Content }
type Operation = {
  readonly summary?: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly deprecated?: boolean
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required?: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, Answer>>
}
type OpenApi = {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string; readonly license: Json }
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Json>> }
}

const path = 'docs/openapi.json'
const read = () => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const document = JSON.parse(read()) as OpenApi
const operations = Object.entries(document.paths).flatMap(([url, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${url}`,
    method,
    url,
    operation,
  })),
)

test(`${path} is what the server generates`, async () => {
  const made = (await makeDocs())[path]
  assert.ok(read() === made, `${path} is out of date: run "node scripts/write-docs.ts"`)
})

test('the server serves the same document, and its version is that of the package', async () => {
  await using service = await openHttpService()
  const answer = await service.ask('GET', '/openapi.json')
  const served = answer.json<OpenApi>()
  assert.deepEqual({ ...served.info, version: '' }, { ...document.info, version: '' })
  assert.deepEqual(served.paths, document.paths)
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  assert.equal(document.info.version, (JSON.parse(text) as { version: string }).version)
})

const referenceRoutes = [
  'DELETE /cart/{user_id}',
  'DELETE /cart/users/{user_id}',
  'GET /api/v1/items',
  'GET /cart/{user_id}',
  'GET /cart/users/{user_id}',
  'GET /items',
  'POST /api/v1/items',
  'POST /cart/{user_id}',
  'POST /cart/{user_id}/{product_id}',
  'POST /cart/users/{user_id}',
  'POST /items',
]

test('the document has every route of the design, and no other', () => {
  assert.deepEqual(
    operations.map(({ name }) => name).toSorted(),
    [
      'DELETE /v1/cart/{userID}',
      'DELETE /v1/cart/{userID}/items/{itemID}',
      'GET /health',
      'GET /livez',
      'GET /metrics',
      'GET /ready',
      'GET /readyz',
      'GET /v1/admin/jobs',
      'GET /v1/cart/{userID}',
      'GET /v1/cart/{userID}/items/{itemID}',
      'GET /v1/cart/{userID}/journal',
      'PATCH /v1/cart/{userID}/items/{itemID}',
      'POST /v1/admin/jobs/{jobID}/requeue',
      'POST /v1/cart/{userID}/items',
      'POST /v1/cart/{userID}/items/{itemID}/reserve',
      'POST /v1/cart/{userID}/operations',
      ...referenceRoutes,
    ].toSorted(),
  )
})

test('the routes of the reference APIs are tagged and deprecated, and no others', () => {
  for (const { name, operation } of operations) {
    const isReference = referenceRoutes.includes(name)
    assert.equal(/^reference 00[0124]$/.test(operation.tags?.[0] ?? ''), isReference, name)
    assert.equal(operation.deprecated === true, isReference, name)
  }
})

test('the head of the document names the version of OpenAPI, the service, its license and its tags', () => {
  assert.match(document.openapi, /^3\.1\.\d+$/)
  assert.ok(document.info.title.length > 0)
  assert.deepEqual(document.info.license, { name: 'Apache-2.0', identifier: 'Apache-2.0' })
  for (const { description } of document.tags) assert.ok(description.length > 0)
})

test('every operation has a summary, a description and a tag that is declared', () => {
  const declared = new Set(document.tags.map((tag) => tag.name))
  const summaries = new Set<string>()
  for (const { name, operation } of operations) {
    const { summary = '', description = '', tags = [] } = operation
    assert.ok(summary.length > 3 && description.length > 3, name)
    assert.ok(tags.length === 1 && tags.every((tag) => declared.has(tag)), name)
    summaries.add(summary)
  }
  // /livez is /health, /readyz is /ready, and the two routes of /items are those of /api/v1/items.
  assert.equal(summaries.size, operations.length - 4)
})

test('every operation documents its successes and its refusals, /v1 with problem documents', () => {
  for (const { name, operation } of operations) {
    const { responses } = operation
    assert.ok(
      Object.keys(responses).some((code) => /^2\d\d$/.test(code)),
      name,
    )
    for (const [code, answer] of Object.entries(responses)) {
      assert.match(code, /^(?:[1-5]\d\d|[1-5]XX|default)$/, name)
      assert.ok(answer.description.length > 1, `${name} ${code}`)
      assert.notEqual(answer.description, 'Default Response', `${name} ${code}`)
      const hasBody = code !== '204' && code !== '304'
      assert.equal(answer.content !== undefined, hasBody, `${name} ${code}`)
    }
    const [type, schema] = referenceRoutes.includes(name)
      ? ['application/json', 'ReferenceDetail']
      : ['application/problem+json', 'Problem']
    for (const code of ['4XX', '5XX']) {
      const documented = responses[code]?.content?.[type]?.schema
      assert.deepEqual(documented, { $ref: `#/components/schemas/${schema}` }, `${name} ${code}`)
    }
  }
})

test('the parameters of a path are those of its template, and required', () => {
  for (const { name, url, operation } of operations) {
    const { parameters = [] } = operation
    const inPath = parameters.filter((parameter) => parameter.in === 'path')
    const inTemplate = [...url.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    assert.deepEqual(inPath.map((parameter) => parameter.name).toSorted(), inTemplate.toSorted())
    assert.ok(
      inPath.every((parameter) => parameter.required === true),
      name,
    )
    const sent = parameters.map((parameter) => `${parameter.in} ${parameter.name}`)
    assert.equal(new Set(sent).size, sent.length, name)
    for (const parameter of parameters) {
      assert.ok(['path', 'query', 'header'].includes(parameter.in), name)
      assert.ok(parameter.schema !== undefined, `${name} ${parameter.name}`)
    }
  }
})

test('writes document the headers that they read, and only writes with a body have one', () => {
  for (const { name, url, method, operation } of operations) {
    const sent = (operation.parameters ?? []).filter((p) => p.in === 'header').map((p) => p.name)
    const isWrite = method !== 'get' && url.startsWith('/v1/cart/')
    if (isWrite) assert.deepEqual(sent, ['idempotency-key', 'if-match', 'prefer'], name)
    const isReferenceWrite = method !== 'get' && referenceRoutes.includes(name)
    const caller = url.endsWith('/items') ? ['x-user-id'] : []
    if (isReferenceWrite) assert.deepEqual(sent, ['idempotency-key', 'if-match', ...caller], name)
    const hasBody =
      method === 'patch' ||
      /\/(?:items|operations)$/.test(url) ||
      (method === 'post' && /^\/cart\/(?:users\/)?\{user_id\}$/.test(url))
    assert.equal(operation.requestBody !== undefined, hasBody && method !== 'get', name)
    if (operation.requestBody === undefined) continue
    // 002 takes the query alone.
    assert.equal(operation.requestBody.required, name !== 'POST /cart/{user_id}', name)
    assert.deepEqual(Object.keys(operation.requestBody.content), ['application/json'], name)
  }
})

const refsIn = (node: unknown): string[] => {
  if (typeof node !== 'object' || node === null) return []
  const own = '$ref' in node && typeof node.$ref === 'string' ? [node.$ref] : []
  return [...own, ...Object.values(node).flatMap(refsIn)]
}

test('every reference of the document has a target, and every named schema is used', () => {
  const used = new Set(refsIn(document))
  const named = Object.keys(document.components.schemas).map((n) => `#/components/schemas/${n}`)
  assert.deepEqual([...used].toSorted(), named.toSorted())
})

test('every schema of the document is valid in JSON Schema 2020-12', () => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: false })
  formats.default(ajv)
  const toLocal = (schema: unknown) =>
    JSON.parse(
      JSON.stringify(schema).replaceAll('"#/components/schemas/', '"document#/$defs/'),
    ) as object
  ajv.addSchema({ $id: 'document', $defs: toLocal(document.components.schemas) })
  const contents = operations.flatMap(({ operation }) => [
    ...Object.values(operation.requestBody?.content ?? {}),
    ...Object.values(operation.responses).flatMap((answer) => Object.values(answer.content ?? {})),
  ])
  const parameters = operations.flatMap(({ operation }) => operation.parameters ?? [])
  const schemas = [
    ...Object.values(document.components.schemas),
    ...contents.map((content) => content.schema),
    ...parameters.map((parameter) => parameter.schema),
  ]
  assert.ok(schemas.length > 80)
  for (const schema of schemas) ajv.compile(toLocal(schema))
})

test('the document has less than 100,000 characters, as nothing large is repeated', () => {
  assert.ok(read().length < 100_000, `${read().length} characters`)
})
