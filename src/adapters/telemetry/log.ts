// The log: JSON lines on standard output, without secrets.
import { type Logger, pino } from 'pino'

export type Log = Logger

const secretPaths = [
  'authorization',
  'cookie',
  '["idempotency-key"]',
  'headers.authorization',
  'headers.cookie',
  'headers["idempotency-key"]',
  'req.headers.authorization',
  'req.headers.cookie',
  'req.headers["idempotency-key"]',
]

export const openLog = (level: string): Log =>
  pino({
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: secretPaths, censor: '[redacted]' },
  })
