// How much a reliability test does: CI counts times RELIABILITY_SCALE.

const scale = Number(process.env.RELIABILITY_SCALE ?? '1')
if (!(scale > 0)) throw new Error('RELIABILITY_SCALE must be a number above 0')

export const scaled = (count: number): number => Math.max(1, Math.round(count * scale))

/** A number drawn evenly from `min` to `max`, both included. */
export const drawBetween = (min: number, max: number): number =>
  min + Math.floor(Math.random() * (max - min + 1))
