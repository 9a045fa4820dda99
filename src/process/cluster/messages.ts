// What the supervisor and the members of a cluster say to each other.
import type { MetricValues } from '../../adapters/telemetry/metrics.ts'

export type ToMember =
  | { readonly kind: 'stop' }
  /** Asks for the metrics of this member alone. */
  | { readonly kind: 'read-metrics'; readonly round: number }
  | { readonly kind: 'metrics-gathered'; readonly processes: readonly MetricValues[] }

export type ToSupervisor =
  | { readonly kind: 'listening'; readonly url: string }
  /** Asks for the metrics of all other members. */
  | { readonly kind: 'gather-metrics' }
  | { readonly kind: 'metrics'; readonly round: number; readonly values: MetricValues }
