// The kit as a program: what it prints, and how it ends.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { readOptions, UsageError } from '../../conformance/options.ts'
import type { ApiResult } from '../../conformance/run.ts'
import { findFreePort } from '../support/process-port.ts'
import { startProgram } from '../support/process-program.ts'
import { root } from '../support/process-service.ts'
import { original000 } from './original-000.ts'
import { type Handler, serve } from './serve.ts'

const runProgram = async (...args: readonly string[]) => {
  const program = startProgram({
    args: [join(root, 'conformance/main.ts'), ...args],
    env: {},
    cwd: root,
  })
  const { code } = await program.ended
  return { code, stdout: program.stdout(), stderr: program.stderr() }
}

const runAgainst = async (handler: Handler, ...args: readonly string[]) => {
  await using server = await serve(handler)
  return await runProgram('--url', `${server.url}/`, ...args)
}

const forgetful: Handler = (asked) => {
  const { method } = asked
  if (method !== 'POST') return { status: 404, body: { detail: 'Cart not found' } }
  return { status: 200, body: { message: 'Item added to cart successfully' } }
}

test('the kit prints a line for each check and the counts, and ends with exit code 0', async () => {
  const { code, stdout, stderr } = await runAgainst(original000(), '--api', '000')
  assert.equal(stderr, '')
  assert.equal(code, 0)
  const lines = stdout.trimEnd().split('\n')
  assert.equal(lines.length, 14)
  assert.match(String(lines[0]), /^000 ok {6}the cart of an unknown user is 404 "Cart not found"$/)
  assert.match(String(lines.at(-1)), /^000 in memory .*: 12 ok, 0 failed, 0 skipped$/)
})

test('the kit prints what a failed check expected, got and quotes, and ends with exit code 1', async () => {
  const { code, stdout } = await runAgainst(forgetful, '--api', '000')
  assert.equal(code, 1)
  const failed = stdout.split('\n').filter((line) => line.startsWith('000 FAILED'))
  assert.ok(failed.length >= 5, stdout)
  const map = failed.find((line) => line.includes('is a map'))
  assert.match(String(map), /GET \/cart\/.*: expected 200 \{"L9ECAV7KIM":8\}, got 404/)
  assert.match(String(map), /\[document: .*return cart_cache\[user_id\]\]$/)
})

test('with --json the kit prints one document, and nothing else on standard output', async () => {
  const { code, stdout } = await runAgainst(forgetful, '--json', '--api', '000', '--api', '001')
  assert.equal(code, 1)
  const { failed, apis } = JSON.parse(stdout) as { failed: number; apis: readonly ApiResult[] }
  assert.deepEqual(
    apis.map(({ api }) => api),
    ['000', '001'],
  )
  assert.equal(
    failed,
    apis.reduce((sum, each) => sum + each.failed, 0),
  )
  const [check] = apis[0]?.checks ?? []
  assert.equal(check?.outcome, 'ok')
  assert.match(String(check?.source), /HTTPException/)
})

test('the kit reports that no server answers, with the reason and exit code 1', async () => {
  const url = `http://127.0.0.1:${await findFreePort()}`
  const { code, stdout, stderr } = await runProgram('--url', url)
  assert.equal(code, 1)
  assert.equal(stdout, '')
  assert.equal(stderr.trimEnd().split('\n').length, 1)
  assert.match(stderr, /^nothing answers at http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/)
})

test('with --help the kit prints every option, and ends with exit code 0', async () => {
  const { code, stdout } = await runProgram('--help')
  assert.equal(code, 0)
  for (const name of ['url', 'api', 'token', 'user', 'product', 'wait', 'no-wait', 'json']) {
    assert.ok(stdout.includes(`  --${name} `), name)
  }
})

test('after wrong usage the kit prints the fault, then the help, and ends with exit code 2', async () => {
  const { code, stdout, stderr } = await runProgram('--url', 'http://x', '--api', '005')
  assert.equal(code, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /^--api must be one of 000, 001, 002, 003, 004, not 005\n\nnpm run/)
})

test('every kind of wrong usage of the kit is refused with its fault', () => {
  const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [[], /--url is missing/],
    [['--url', 'localhost:8080'], /must be an http or https URL/],
    [['--url', 'http://x/?y'], /without query/],
    [['--url', 'http://x', '--wait', '1.5'], /--wait must be whole seconds/],
    [['--url', 'http://x', '--wait', '9999'], /from 0 to 3600/],
    [['--url', 'http://x', '--fast'], /--fast/],
    [['--url', 'http://x', '000'], /000/],
  ]
  for (const [args, message] of wrong) {
    assert.throws(() => readOptions(args), UsageError, args.join(' '))
    assert.throws(() => readOptions(args), message)
  }
})

test('the kit reads every option, and has defaults for missing ones', () => {
  const claims = Buffer.from(JSON.stringify({ sub: 'ada' })).toString('base64url')
  assert.deepEqual(readOptions(['--url', 'http://x:1/base/', '--token', `h.${claims}.s`]), {
    url: 'http://x:1/base',
    apis: ['000', '001', '002', '003', '004'],
    token: `h.${claims}.s`,
    user: 'ada',
    products: [],
    waitMs: 45_000,
    output: 'lines',
  })
  const all = '--api 004 --api 000 --api 004 --user bob --product a --product b --no-wait --json'
  assert.deepEqual(readOptions(['--url', 'https://x', '--token', 'opaque', ...all.split(' ')]), {
    url: 'https://x',
    apis: ['000', '004'],
    token: 'opaque',
    user: 'bob',
    products: ['a', 'b'],
    waitMs: null,
    output: 'json',
  })
})
