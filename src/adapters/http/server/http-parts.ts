// What the routes are given to work with.
import type { FastifyBaseLogger } from 'fastify'
import type { UseCases } from '../../../application/use-cases.ts'
import type { Clock } from '../../../ports/clock.ts'

export type HttpParts = {
  readonly useCases: UseCases
  readonly clock: Clock
  readonly log: FastifyBaseLogger
  readonly telemetry: HttpTelemetry
  readonly isDraining: () => boolean
}

export type HttpSettings = {
  /** A worker serves only what its operators ask. */
  readonly role: 'all' | 'api' | 'worker'
  /** The routes of the services that this one replaces. */
  readonly referenceApis: 'on' | 'off'
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
}

export type AnsweredFact = {
  readonly method: string
  /** The pattern of the route, never the path: paths name users. */
  readonly route: string
  readonly status: number
  readonly seconds: number
}

export type HttpTelemetry = {
  readonly contentType: string
  /** All metrics as text, with the gauges as they are now. */
  text(): Promise<string>
  answered(fact: AnsweredFact): void
}
