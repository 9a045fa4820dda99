// What the routes are given to work with.
import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../../application/clock.ts'
import type { CommandHandler } from '../../application/handle-command.ts'
import type { Catalog } from '../../ports/catalog.ts'
import type { JobQueue } from '../../ports/job-queue.ts'
import type { ReservationClient } from '../../ports/reservation-client.ts'
import type { Store } from '../../ports/store.ts'

export type HttpParts = {
  readonly store: Store
  readonly commands: CommandHandler
  readonly catalog: Catalog
  readonly clock: Clock
  readonly log: FastifyBaseLogger
  readonly telemetry: HttpTelemetry
  /** Null while reservations are off. */
  readonly service: Pick<ReservationClient, 'breaker'> | null
  /** Null when workers look into the store. */
  readonly queue: Pick<JobQueue, 'name' | 'isUp'> | null
  readonly isDraining: () => boolean
}

export type HttpSettings = {
  /** A worker serves only what those who run it ask. */
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
