// Several processes behind one port, for machines with more cores: the first one looks after the others,
// which do the work.
import cluster from 'node:cluster'
import type { Host, Service } from '../../compose.ts'
import type { Config } from '../../config/read-config.ts'

export const openCluster = async (
  config: Config,
  host: Host,
  askToStop: (reason: string) => void,
): Promise<Service> => {
  if (cluster.isPrimary) {
    const { openSupervisor } = await import('./supervisor.ts')
    return openSupervisor(config, host.log)
  }
  const { openMember } = await import('./member.ts')
  return openMember(config, host, askToStop)
}
