// What the simulator counts since its start. One object, changed in place, read live.

export type Counters = {
  /** Reserve calls received whole and valid; a batch is one call. */
  calls: number
  batches: number
  /** Reservations asked for; a batch of n counts n, as it does in `answersLost`. */
  attempts: number
  /** Calls whose client still waits. */
  inFlight: number
  inFlightMax: number
  /** Calls that can still take effect, also those whose client is gone. */
  working: number
  /** Holds made. */
  reserved: number
  /** Attempts that found the hold of their key already made (grade keyed). */
  repeated: number
  /** Attempts that came with a known key but another item or quantity. */
  keyConflicts: number
  refused: number
  errors: number
  resetsBefore: number
  resetsAfter: number
  hangs: number
  late: number
  garbage: number
  /** Holds made although their reference had an active one. */
  duplicateHolds: number
  /** Attempts received whole whose client got no complete, readable answer. */
  answersLost: number
  callsWithoutAnswer: number
  releaseCalls: number
  released: number
  releaseErrors: number
  lookups: number
  /** Requests refused with 400 or 413. */
  invalid: number
}

export type Stats = Readonly<Counters>

export function buildCounters(): Counters {
  return {
    calls: 0,
    batches: 0,
    attempts: 0,
    inFlight: 0,
    inFlightMax: 0,
    working: 0,
    reserved: 0,
    repeated: 0,
    keyConflicts: 0,
    refused: 0,
    errors: 0,
    resetsBefore: 0,
    resetsAfter: 0,
    hangs: 0,
    late: 0,
    garbage: 0,
    duplicateHolds: 0,
    answersLost: 0,
    callsWithoutAnswer: 0,
    releaseCalls: 0,
    released: 0,
    releaseErrors: 0,
    lookups: 0,
    invalid: 0,
  }
}

export function toWireStats(stats: Stats): Record<string, number> {
  return Object.fromEntries(
    Object.entries(stats).map(([name, count]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      count,
    ]),
  )
}
