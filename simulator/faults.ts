// Draws what befalls a call: its latency, its fault, its refusals. A seed makes draws reproducible
// as long as the calls arrive in the same order.
import type { LiveOptions } from './options.ts'

/** A number from 0 up to, not including, 1. */
export type Random = () => number

export type Fault = 'none' | 'error' | 'reset-before' | 'reset-after' | 'hang' | 'late' | 'garbage'

/** mulberry32: 32 bits of state are plenty for draws that need not be unpredictable. */
export function buildRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** One draw decides between all faults, so each comes exactly at its own rate. */
export function drawFault(random: Random, live: LiveOptions): Fault {
  const shares: readonly (readonly [Fault, number])[] = [
    ['error', live.rateError],
    ['reset-before', live.rateResetBefore],
    ['reset-after', live.rateResetAfter],
    ['hang', live.rateHang],
    ['late', live.rateLate],
    ['garbage', live.rateGarbage],
  ]
  let left = random()
  for (const [fault, share] of shares) {
    if (left < share) return fault
    left -= share
  }
  return 'none'
}

export function drawLatencyMs(random: Random, live: LiveOptions): number {
  const { latencyMinMs, latencyMaxMs } = live
  return latencyMinMs + Math.floor(random() * (latencyMaxMs - latencyMinMs + 1))
}

const unreadableBodies = [
  '{"reservation_id": 12',
  '<html><body>200 OK</body></html>',
  '',
  '{}',
  '{"reservation_id": null}',
  '[]',
  '\u0000\u0001\uFFFD',
]

export function drawGarbage(random: Random): string {
  return unreadableBodies[Math.floor(random() * unreadableBodies.length)] ?? ''
}
