// Load by wrk, on one thread: it costs the machine the least. Its Lua script only picks from
// requests that are made before.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import type { Result } from './load.ts'
import { uniqueMark, type Workload } from './workloads.ts'

export const hasWrk = (): boolean => spawnSync('wrk', ['-v']).error === undefined

const separator = '\x1e'

let runs = 0

export type WrkOptions = {
  readonly folder: string
  readonly connections: number
  readonly seconds: number
}

export const runWrk = async (
  url: string,
  workload: Workload,
  { folder, connections, seconds }: WrkOptions,
): Promise<Result> => {
  // Several may run at once.
  runs += 1
  const requestsPath = `${folder}/requests-${runs}`
  const scriptPath = `${requestsPath}.lua`
  writeFileSync(requestsPath, workload.requests.map((request) => request + separator).join(''))
  writeFileSync(scriptPath, toScript(workload, requestsPath))
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', scriptPath]
  const child = spawn('wrk', [...args, url], { stdio: ['ignore', 'pipe', 'inherit'] })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  const [code] = await once(child, 'close')
  process.removeListener('exit', kill)
  for (const path of [requestsPath, scriptPath]) rmSync(path)
  const json = /^result (.*)$/m.exec(text)?.[1]
  if (code !== 0 || json === undefined) throw new Error(`wrk ended with ${code}: ${text}`)
  return JSON.parse(json) as Result
}

const pickOf = ({ order }: Workload): string =>
  order === 'random' ? 'math.random(#requests)' : `math.floor(sent / ${order}) % #requests + 1`

const toScript = (workload: Workload, requestsPath: string): string => {
  const isUnique = workload.requests[0]?.includes(uniqueMark) ?? false
  const mark = uniqueMark.replace(/\W/g, '%$&')
  const plain = 'return requests[at]'
  const number = `string.format('%0${uniqueMark.length}d', sent)`
  const unique = `return requests[at] .. ${number} .. tails[at]`
  return `
local requests, tails, sent = {}, {}, 0

function init(args)
  math.randomseed(${Math.floor(Math.random() * 2 ** 31)})
  local file = io.open('${requestsPath}', 'rb')
  local text = file:read('*a')
  file:close()
  for request in text:gmatch('([^${separator}]+)${separator}') do
    local from, to = request:find('${mark}')
    requests[#requests + 1] = from and request:sub(1, from - 1) or request
    tails[#requests] = from and request:sub(to + 1) or ''
  end
end

function request()
  local at = ${pickOf(workload)}
  sent = sent + 1
  ${isUnique ? unique : plain}
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'result {"answers":%d,"errors":%d,"seconds":%f,"p50Ms":%f,"p99Ms":%f}\\n',
    summary.requests - errors.status,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    summary.duration / 1e6,
    latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3
  ))
end
`
}
