// The time, chance and ids of this process.
import { randomBytes } from 'node:crypto'
import type { Clock } from '../ports/clock.ts'

export const systemClock = (): Clock => {
  // The time in milliseconds, 48 random bits of this process, and a count: unique without drawing
  // random bits for every id.
  const ownBits = randomBytes(6).toString('hex')
  let count = 0
  let [at, time] = [0, '']
  return {
    now: Date.now,
    random: Math.random,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    newId: () => {
      const now = Date.now()
      if (now !== at) [at, time] = [now, now.toString(36).padStart(9, '0')]
      count = (count + 1) % 36 ** 5
      return time + ownBits + count.toString(36).padStart(5, '0')
    },
  }
}
