// Every open call is an open file; too few of them allowed shows only under load, as refused connections.
import { readFileSync } from 'node:fs'
import type { Log } from '../adapters/telemetry/log.ts'

// Clients' connections, the database, logs and libraries.
const filesBeside = 1_000

const limitOfOpenFiles = (): number => {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
  } catch {
    // Only Linux has this file.
    return Number.POSITIVE_INFINITY
  }
}

export const warnOfFewFiles = (log: Log, concurrency: number): void => {
  const limit = limitOfOpenFiles()
  if (concurrency + filesBeside <= limit) return
  log.warn(
    { limit, concurrency },
    'the limit of open files is low for RESERVATION_CONCURRENCY: raise it (ulimit -n) or lower that',
  )
}
