// The simulator beside a service: started by the preload, ended with the service, however it ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { fastEnv, findFreePort, isUp, startProgram, until } from './support.ts'

const besidePath = fileURLToPath(new URL('../../simulator/beside.ts', import.meta.url))

const printUrl = 'console.log("url=" + process.env.RESERVATION_SERVICE_URL)'
const stayUp = 'setInterval(() => {}, 1000)'

async function startService(script: string, given: Readonly<Record<string, string>> = {}) {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const env = { ...fastEnv, SIMULATOR_PORT: String(port), SIMULATOR_LEDGER: 'memory', ...given }
  const program = startProgram(['--import', besidePath, '--eval', script], env)
  return { ...program, url }
}

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`the simulator runs beside the service and ends when the service gets ${signal}`, async () => {
    await using service = await startService(`${printUrl}; ${stayUp}`)
    await until('the simulator answers', () => isUp(service.url))
    assert.ok(service.output().stdout.includes(`url=${service.url}\n`))
    service.child.kill(signal)
    // Also waits for the simulator, which holds the same stdout.
    await service.ended
    await until('the simulator is gone', async () => !(await isUp(service.url)))
    assert.equal(service.output().stderr, '')
  })
}

test('the simulator outlives the signals of a terminal while the service drains', async () => {
  const script = `
    let isDraining = false
    const drain = () => {
      if (isDraining) return
      isDraining = true
      setTimeout(async () => {
        const response = await fetch(process.env.RESERVATION_SERVICE_URL + '/health')
        console.log('drained=' + response.status)
        process.exit(0)
      }, 300)
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, drain)
    ${stayUp}`
  await using service = await startService(script)
  await until('the simulator answers', () => isUp(service.url))
  const { pid } = service.child
  assert.ok(pid)
  // A negative id means the process group, as Ctrl-C does.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(-pid, signal)
  assert.equal((await service.ended).code, 0)
  assert.match(service.output().stdout, /drained=200/)
})

test('neither the simulator nor the service keeps the other alive', async () => {
  await using service = await startService(printUrl)
  assert.equal((await service.ended).code, 0)
  await until('the simulator is gone', async () => !(await isUp(service.url)))
})

const unwanted = [
  { RESERVATION_SERVICE_URL: 'http://reservations.example' },
  { RESERVATION_SERVICE_URL_FILE: '/run/secrets/url' },
  { RESERVATIONS: 'off' },
  { ENV_NAME: 'prod' },
]

for (const env of unwanted) {
  test(`no simulator is started with ${JSON.stringify(env)}`, async () => {
    const { RESERVATION_SERVICE_URL: url } = { RESERVATION_SERVICE_URL: undefined, ...env }
    await using service = await startService(printUrl, env)
    assert.equal((await service.ended).code, 0)
    const { stdout } = service.output()
    assert.ok(stdout.startsWith(`url=${url}\n`), stdout)
    assert.doesNotMatch(stdout, /listening/)
  })
}

test('the preload starts one simulator, not one more for each worker thread', async () => {
  // A worker made with { eval: true } would run no preload and prove nothing.
  const script = `
    const { Worker } = require('node:worker_threads')
    delete process.env.RESERVATION_SERVICE_URL
    const worker = new Worker(new URL('data:text/javascript,' +
      'console.log("worker url=" + process.env.RESERVATION_SERVICE_URL)'))
    worker.on('exit', () => console.log('worker ended'));
    ${stayUp}`
  await using service = await startService(script)
  await until('the worker has ended', () => service.output().stdout.includes('worker ended'))
  await until('the simulator answers', () => isUp(service.url))
  const { stdout, stderr } = service.output()
  assert.match(stdout, /worker url=undefined/)
  assert.equal(stdout.match(/listening/g)?.length, 1)
  assert.equal(stderr, '')
})

test('a simulator that cannot start is reported, and the service keeps running', async () => {
  await using service = await startService(stayUp, { SIMULATOR_GRADE: 'best' })
  const stderr = () => service.output().stderr
  await until('it is reported', () => stderr().includes('RESERVATION_SERVICE_URL'))
  assert.match(stderr(), /SIMULATOR_GRADE must be/)
  assert.match(stderr(), /ended with exit code 78: set SIMULATOR_PORT/)
  assert.equal(service.child.exitCode, null)
})
