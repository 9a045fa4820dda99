// Starts the service, waits for a signal, closes.
import { rmSync, writeFileSync } from 'node:fs'
import { type Log, openLog } from './adapters/telemetry/log.ts'
import type { Service } from './compose.ts'
import { printError, readConfigOrExit } from './config/load-config.ts'
import { type Config, settings } from './config/read-config.ts'
import { reasonOf } from './platform/reason-of.ts'
import { boundHeapGrowth, settleHeap } from './process/heap.ts'
import { warnOfFewFiles } from './process/open-files.ts'
import { systemClock } from './process/system-clock.ts'

// Orchestrators give 30 s between SIGTERM and SIGKILL.
const stopWithinMs = 25_000

const printHelp = (): void => {
  process.stdout.write('The cart service. It is configured by its environment:\n\n')
  for (const { name, fallback, about } of Object.values(settings)) {
    process.stdout.write(`  ${name}${fallback === '' ? '' : ` (${fallback})`}\n      ${about}\n`)
  }
}

/** Asks to stop at the first signal; the second one ends the process at once. */
const listenToSignals = (askToStop: (reason: string) => void): void => {
  let count = 0
  const onSignal = (signal: NodeJS.Signals) => {
    count += 1
    if (count === 1) askToStop(signal)
    else process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}

const explain = (error: unknown, { host, port }: Config): string => {
  const { code, message } = error as { code?: string; message?: string }
  if (code === 'EADDRINUSE') return `port ${port} of ${host} is in use; set APP_PORT to another`
  if (code === 'EACCES') return `no permission to listen on port ${port}; set APP_PORT above 1023`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `cannot listen on HOST ${host}`
  return message ?? String(error)
}

const writePid = (path: string): void => {
  try {
    writeFileSync(path, `${process.pid}\n`)
  } catch (error) {
    printError(`cannot write PID_FILE: ${reasonOf(error)}`)
    process.exit(1)
  }
}

/** Serves in this process or, as a cluster, in others. */
const open = async (
  config: Config,
  log: Log,
  askToStop: (reason: string) => void,
): Promise<Service> => {
  const host = { log, clock: systemClock(), peers: null }
  if (config.cluster === 1) {
    const { openService } = await import('./compose.ts')
    return openService(config, host)
  }
  const { openCluster } = await import('./process/cluster/open-cluster.ts')
  return openCluster(config, host, askToStop)
}

const main = async (): Promise<void> => {
  if (process.argv.includes('--help')) return printHelp()
  const config = readConfigOrExit()
  boundHeapGrowth(config.role)
  const log = openLog(config.logLevel)
  const stopAsked = Promise.withResolvers<string>()
  listenToSignals(stopAsked.resolve)
  const service = await open(config, log, stopAsked.resolve).catch((error: unknown): never => {
    printError(explain(error, config))
    process.exit((error as { exitCode?: number }).exitCode ?? 1)
  })
  if (config.pidFile !== '') writePid(config.pidFile)
  log.info({ url: service.url, store: config.database.kind }, 'listening')
  warnOfFewFiles(log, config.reservationConcurrency)
  setTimeout(settleHeap, 1_000).unref()
  const reason = await stopAsked.promise
  log.info({ reason }, 'stopping')
  setTimeout(() => {
    log.error('not stopped in time; what is open is taken up again at the next start')
    process.exit(1)
  }, stopWithinMs).unref()
  await service.stop()
  if (config.pidFile !== '') rmSync(config.pidFile, { force: true })
  log.info('stopped')
}

await main()
