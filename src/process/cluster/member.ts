// A process of a cluster that does the work: the service, and its channel to the supervisor.
import cluster from 'node:cluster'
import type { MetricValues } from '../../adapters/telemetry/metrics.ts'
import { type Host, openService, type Peers, type Service } from '../../compose.ts'
import type { Config } from '../../config/read-config.ts'
import type { ToMember, ToSupervisor } from './messages.ts'

// The supervisor gives the others one second.
const gatherWithinMs = 1_500

/** Asks to stop when the supervisor says so, and when it is gone. */
export const openMember = async (
  config: Config,
  host: Host,
  askToStop: (reason: string) => void,
): Promise<Service> => {
  const service = await openService(config, { ...host, peers: joinPeers(askToStop) })
  send({ kind: 'listening', url: service.url })
  return service
}

const send = (message: ToSupervisor): void => {
  // It may be gone; then this process stops anyway.
  if (process.connected) process.send?.(message, undefined, {}, () => {})
}

const joinPeers = (askToStop: (reason: string) => void): Peers => {
  let readOwn = async (): Promise<MetricValues> => []
  let gathering: PromiseWithResolvers<readonly MetricValues[]> | null = null
  const finish = (processes: readonly MetricValues[]) => {
    gathering?.resolve(processes)
    gathering = null
  }
  process.on('message', (message: ToMember) => {
    switch (message.kind) {
      case 'stop':
        return askToStop('supervisor')
      case 'read-metrics':
        return void readOwn().then(
          (values) => send({ kind: 'metrics', round: message.round, values }),
          // Left out, like one that is slow.
          () => {},
        )
      case 'metrics-gathered':
        return finish(message.processes)
      default:
        message satisfies never
    }
  })
  // Otherwise node:cluster would end this process at once.
  if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
  process.once('disconnect', () => askToStop('supervisor gone'))
  // The channel to the supervisor alone keeps no process alive.
  process.channel?.unref()
  return {
    // Elsewhere, or without it, the supervisor takes connections and hands them to the members.
    reusePort: process.platform === 'linux',
    offerMetrics: (read) => {
      readOwn = read
    },
    gatherMetrics: () => {
      if (gathering !== null) return gathering.promise
      gathering = Promise.withResolvers()
      const { promise } = gathering
      const timer = setTimeout(finish, gatherWithinMs, [])
      send({ kind: 'gather-metrics' })
      return promise.finally(() => clearTimeout(timer))
    },
  }
}
