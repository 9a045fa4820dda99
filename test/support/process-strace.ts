// What a program asks of the operating system, in order, as strace writes it down.
import { spawnSync } from 'node:child_process'

/** Why tests with strace can't run here, or false. */
export const straceIsMissing = (): string | false => {
  const { error, status } = spawnSync('strace', ['-f', '-o', '/dev/null', 'true'])
  if (error !== undefined) return 'strace is not installed'
  return status === 0 ? false : 'strace may not trace here'
}

// A whole page of the log, so that nothing that is looked for in it is cut off.
const dataBytes = 4_400

/** The command to run a program under: writes and syncs go to the file, data and paths with them. */
export const straceInto = (file: string): readonly string[] => [
  ...['strace', '-f', '-y', '-o', file, '-s', String(dataBytes)],
  ...['-e', 'trace=write,writev,pwrite64,pwritev,sendto,sendmsg,fsync,fdatasync'],
]

export type Call = {
  readonly name: string
  /** All that is between the parentheses. */
  readonly args: string
  /** Indexes in the order of events: when it was called, and when it returned. */
  readonly beganAt: number
  readonly endedAt: number
}

/** The calls that returned, in the order in which they were made. */
export const readCalls = (text: string): readonly Call[] => {
  const calls: Call[] = []
  const unfinished = new Map<string, { name: string; args: string; beganAt: number }>()
  for (const [index, line] of text.split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/s.exec(line) ?? []
    const resumed = /^<\.\.\. (\w+) resumed>/.exec(rest)
    if (resumed !== null) {
      const begun = unfinished.get(thread)
      if (begun !== undefined) calls.push({ ...begun, endedAt: index })
      unfinished.delete(thread)
      continue
    }
    const [, name, args] = /^(\w+)\((.*)$/s.exec(rest) ?? []
    if (name === undefined || args === undefined) continue
    const call = { name, args, beganAt: index }
    if (rest.endsWith('<unfinished ...>')) unfinished.set(thread, call)
    else calls.push({ ...call, endedAt: index })
  }
  return calls.sort((a, b) => a.beganAt - b.beganAt)
}
