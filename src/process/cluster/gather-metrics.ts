// Metrics of all members for the one that was asked: the supervisor passes them on and reads none.
import cluster, { type Worker } from 'node:cluster'
import type { MetricValues } from '../../adapters/telemetry/metrics.ts'
import type { ToMember, ToSupervisor } from './messages.ts'

const answerWithinMs = 1_000

type Round = {
  readonly processes: MetricValues[]
  readonly asked: Set<Worker>
  readonly end: () => void
}

export const sendTo = (member: Worker, message: ToMember): void => {
  // One that is gone meanwhile is noticed by its exit.
  if (member.isConnected()) member.send(message, undefined, {}, () => {})
}

export const passMetricsOn = (): void => {
  const rounds = new Map<number, Round>()
  let count = 0
  const begin = (asker: Worker): void => {
    const number = ++count
    const others = Object.values(cluster.workers ?? {}).filter(
      (each) => each !== undefined && each !== asker && each.isConnected(),
    ) as Worker[]
    const processes: MetricValues[] = []
    const end = () => {
      clearTimeout(timer)
      if (rounds.delete(number)) sendTo(asker, { kind: 'metrics-gathered', processes })
    }
    const timer = setTimeout(end, answerWithinMs)
    rounds.set(number, { processes, asked: new Set(others), end })
    for (const each of others) sendTo(each, { kind: 'read-metrics', round: number })
    if (others.length === 0) end()
  }
  const answer = (member: Worker, number: number, values: MetricValues): void => {
    const round = rounds.get(number)
    if (round === undefined || !round.asked.delete(member)) return
    round.processes.push(values)
    if (round.asked.size === 0) round.end()
  }
  cluster.on('message', (member, message: ToSupervisor) => {
    if (message.kind === 'gather-metrics') begin(member)
    if (message.kind === 'metrics') answer(member, message.round, message.values)
  })
}
