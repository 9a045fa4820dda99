// The program behaves as the five reference documents say, seen from outside.
import assert from 'node:assert/strict'
import test from 'node:test'
import { apis } from '../../conformance/check.ts'
import { toLine } from '../../conformance/report.ts'
import { runConformance } from '../../conformance/run.ts'
import { openFolder } from '../support/process-program.ts'
import { startService, startSimulatorProcess } from '../support/process-service.ts'

test('the conformance kit finds no fault in the service', async () => {
  using folder = openFolder()
  await using simulator = await startSimulatorProcess(folder.path, {
    SIMULATOR_LATENCY_MIN_MS: '300',
    SIMULATOR_LATENCY_MAX_MS: '600',
  })
  await using service = await startService({
    folder: folder.path,
    env: { RESERVATION_SERVICE_URL: simulator.url },
  })
  const results = await runConformance({
    url: service.url,
    apis,
    token: null,
    user: null,
    products: [],
    waitMs: 20_000,
    timeoutMs: 10_000,
    say: () => {},
    onResult: () => {},
  })
  const lines = results.flatMap(({ api, checks }) =>
    checks
      .filter(
        ({ outcome, need }) =>
          outcome === 'failed' || (outcome === 'skipped' && need === 'required'),
      )
      .map((check) => toLine(check, api)),
  )
  assert.deepEqual(lines, [])
  // No reference was skipped as a whole.
  for (const { api, passed } of results) assert.ok(passed >= 10, `${api}: ${passed} ok`)
})
