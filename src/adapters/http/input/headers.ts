// Request headers that change what a request does, read strictly: a malformed one is refused, since
// ignoring it would drop a safeguard that the caller asked for.
import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { canonicalText } from '../../../domain/cart/canonical-json.ts'
import type { Json } from '../../../domain/cart/item.ts'
import { limits } from '../../../domain/limits.ts'
import { RequestError } from '../problems/request-error.ts'

const refuse = (name: string, detail: string): never => {
  throw new RequestError('invalid-request', `The header ${name} ${detail}.`, [
    { pointer: `/headers/${name.toLowerCase()}`, detail },
  ])
}

const single: ReadonlySet<string> = new Set([
  'idempotency-key',
  'if-match',
  'if-none-match',
  'authorization',
  'content-type',
  'host',
])

/** Two of these contradict each other; Node would keep one or join them without a word. */
export const assertSingleHeaders = ({ headers, rawHeaders }: IncomingMessage): void => {
  // Names and values side by side: as many as there are headers, when none is there twice.
  if (rawHeaders.length === 2 * Object.keys(headers).length) return
  const seen = new Set<string>()
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase()
    if (!single.has(name)) continue
    if (seen.has(name)) refuse(name, 'is there twice')
    seen.add(name)
  }
}

/** What Node would refuse by itself, but without a problem document. */
export const assertHostAndExpect = ({ headers, httpVersion }: IncomingMessage): void => {
  if (headers.host === undefined && httpVersion === '1.1') refuse('Host', 'is missing')
  const { expect } = headers
  if (expect !== undefined && !/100-continue/i.test(expect)) refuse('Expect', 'cannot be met')
}

/** draft-ietf-httpapi-idempotency-key-header-07; `"k"` in quotes and `k` are the same key. */
export const readIdempotencyKey = (header: string | string[] | undefined): string | null => {
  if (header === undefined) return null
  if (typeof header !== 'string') return refuse('Idempotency-Key', 'is there twice')
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header
  if (key.length > limits.idempotencyKeyChars || !/^[!#-~]+$/.test(key)) {
    const form = `must be 1 to ${limits.idempotencyKeyChars} visible ASCII characters`
    return refuse('Idempotency-Key', form)
  }
  return key
}

// RFC 9110 section 8.8.3. A weak tag never matches under the strong comparison that If-Match asks for.
const tagList = /^\s*(?:(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"\s*(?:,\s*|$))+$/

const readTags = (name: string, header: string): readonly string[] => {
  if (!tagList.test(header) || header.trimEnd().endsWith(',')) {
    refuse(name, 'must be * or entity tags, such as "3.7"')
  }
  return header.match(/(?:W\/)?"[^"]*"/g) ?? []
}

/** The versions that the caller would accept; the part of a tag behind the dot is not compared. */
export const readIfMatch = (header: string | undefined): readonly number[] | 'any' | null => {
  if (header === undefined) return null
  if (header.trim() === '*') return 'any'
  return readTags('If-Match', header).flatMap((tag) => {
    const version = /^"(\d{1,15})(?:\.\d{1,15})?"$/.exec(tag)?.[1]
    return version === undefined ? [] : [Number(version)]
  })
}

export const matchesIfNoneMatch = (
  header: string | undefined,
  etag: string,
  exists: boolean,
): boolean => {
  if (header === undefined) return false
  if (header.trim() === '*') return exists
  return readTags('If-None-Match', header).some((tag) => tag.replace(/^W\//, '') === etag)
}

/** RFC 7240. Unknown preferences are ignored, as it demands. */
export const prefersMinimal = (header: string | string[] | undefined): boolean =>
  header !== undefined && /(?:^|[,;])\s*return\s*=\s*"?minimal"?\s*(?:[,;]|$)/i.test(String(header))

/** What makes a request the same request: method, resource, If-Match and the body in canonical form. */
export const fingerprintOf = (
  method: string,
  resource: readonly string[],
  request: FastifyRequest,
): string => {
  const body = request.body === undefined ? null : canonicalText(request.body as Json)
  const parts = [method, resource, request.headers['if-match'] ?? null, body]
  return hash('sha256', JSON.stringify(parts), 'base64url')
}
