// The program: how it starts, refuses to start, and ends.
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { startSimulator } from '../../simulator/start.ts'
import {
  fast,
  fastEnv,
  findFreePort,
  isUp,
  mainPath,
  reserve,
  startMain,
  startProgram,
  until,
} from './support.ts'

test('the simulator prints in one line what it listens on', async () => {
  await using program = await startMain('memory', { SIMULATOR_GRADE: 'lookup' })
  const { stdout } = program.output()
  assert.equal(stdout.split('\n').length, 2)
  assert.ok(stdout.includes(program.url))
  assert.match(stdout, /grade lookup, latency 0 to 0 ms/)
})

test('with --help the simulator prints every variable', async () => {
  await using program = startProgram([mainPath, '--help'], {})
  assert.equal((await program.ended).code, 0)
  const { stdout } = program.output()
  for (const name of ['PORT', 'LEDGER', 'GRADE', 'SEED', 'RATE_GARBAGE', 'RATE_RELEASE_ERROR']) {
    assert.ok(stdout.includes(`SIMULATOR_${name} `), name)
  }
})

test('the simulator reports every mistake on a line of its own and ends with exit code 78', async () => {
  const env = { SIMULATOR_PORT: 'x', SIMULATOR_GRADE: 'x', SIMULATOR_RATE_HANG: 'x' }
  await using program = startProgram([mainPath], env)
  assert.equal((await program.ended).code, 78)
  const lines = program.output().stderr.trimEnd().split('\n')
  assert.equal(lines.length, 3)
  for (const name of Object.keys(env)) assert.ok(lines.some((line) => line.includes(name)))
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`the simulator alone ends with exit code 0 on ${signal}, also with calls open`, async () => {
    await using program = await startMain('memory', {
      SIMULATOR_RATE_HANG: '1',
      SIMULATOR_LATENCY_MAX_MS: '60000',
    })
    const open = reserve(program.url, 'k').catch(() => 'cut off')
    await until('the call is open', async () => {
      const response = await fetch(`${program.url}/stats`)
      return ((await response.json()) as { in_flight: number }).in_flight === 1
    })
    program.child.kill(signal)
    assert.deepEqual(await program.ended, { code: 0, signal: null })
    assert.equal(await open, 'cut off')
  })
}

test('the simulator waits until an earlier one has closed the port', async () => {
  const port = await findFreePort()
  const earlier = createServer()
  await new Promise<void>((resolve) => earlier.listen(port, '127.0.0.1', resolve))
  const started = startSimulator({ ...fast, port })
  const first = await Promise.race([started, new Promise((resolve) => setTimeout(resolve, 300))])
  assert.equal(first, undefined)
  await new Promise((resolve) => earlier.close(resolve))
  await using simulator = await started
  assert.ok(await isUp(simulator.url))
})

test('the simulator ends with one line and exit code 1 when its port stays in use', async () => {
  await using simulator = await startSimulator(fast)
  const port = String(simulator.port)
  const env = { ...fastEnv, SIMULATOR_PORT: port, SIMULATOR_LEDGER: 'memory' }
  await using program = startProgram([mainPath], env)
  assert.equal((await program.ended).code, 1)
  const { stderr } = program.output()
  assert.equal(stderr.trimEnd().split('\n').length, 1)
  assert.ok(stderr.includes(`127.0.0.1:${port}`) && stderr.includes('in use'))
})

test('the simulator ends when its parent closes its stdin', async () => {
  const port = await findFreePort()
  const env = {
    ...fastEnv,
    SIMULATOR_PORT: String(port),
    SIMULATOR_LEDGER: 'memory',
    SIMULATOR_PARENT: 'stdin',
  }
  await using program = startProgram([mainPath], env, 'pipe')
  await until('the simulator answers', () => isUp(`http://127.0.0.1:${port}`))
  program.child.stdin?.end()
  assert.equal((await program.ended).code, 0)
})

test('the simulator ends at once when it is to have a parent and there is none', async () => {
  const port = String(await findFreePort())
  const env = { SIMULATOR_PORT: port, SIMULATOR_LEDGER: 'memory', SIMULATOR_PARENT: 'ipc' }
  await using program = startProgram([mainPath], env)
  assert.equal((await program.ended).code, 0)
})

test('a simulator can be closed twice, and its open calls are lost', async () => {
  const simulator = await startSimulator({ ...fast, rateHang: 1 })
  const open = reserve(simulator.url, 'k').catch(() => 'cut off')
  await until('the call is open', () => simulator.stats.inFlight === 1)
  await Promise.all([simulator[Symbol.asyncDispose](), simulator[Symbol.asyncDispose]()])
  assert.equal(await open, 'cut off')
  assert.equal(simulator.stats.answersLost, 1)
})
