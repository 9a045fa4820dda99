// Runs the checks of the references one by one against a server, each with users of its own.
import { randomBytes } from 'node:crypto'
import { type Api, type Check, Failure, type Reference, Skip, type Target } from './check.ts'
import { assertReachable, openClient, type Send } from './client.ts'
import { reference000 } from './reference-000.ts'
import { reference001 } from './reference-001.ts'
import { reference002 } from './reference-002.ts'
import { reference003 } from './reference-003.ts'
import { reference004 } from './reference-004.ts'

export const references: Readonly<Record<Api, Reference>> = {
  '000': reference000,
  '001': reference001,
  '002': reference002,
  '003': reference003,
  '004': reference004,
}

export type RunOptions = {
  /** Without a slash at its end. */
  readonly url: string
  readonly apis: readonly Api[]
  readonly token: string | null
  /** The one user to act as; null: a new one for each check. */
  readonly user: string | null
  /** At most two are used. */
  readonly products: readonly string[]
  /** How long to wait for a reservation; null: not at all. */
  readonly waitMs: number | null
  /** Of one request. */
  readonly timeoutMs: number
  readonly say: (line: string) => void
  readonly onResult: (result: CheckResult, api: Api) => void
}

export type CheckResult = {
  readonly name: string
  readonly source: string
  readonly need: Check['need']
  readonly outcome: 'ok' | 'failed' | 'skipped'
  /** What was expected and got, why it was skipped, or what should be known beside ok. */
  readonly detail: string | null
  readonly ms: number
}

export type ApiResult = {
  readonly api: Api
  readonly title: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly checks: readonly CheckResult[]
}

/** @throws UnreachableError when nothing answers at the URL. */
export const runConformance = async (options: RunOptions): Promise<readonly ApiResult[]> => {
  await assertReachable(options)
  const send = openClient(options)
  const results: ApiResult[] = []
  for (const api of options.apis) {
    const reference = references[api]
    const checks: CheckResult[] = []
    for (const check of reference.checks) {
      const result = await runCheck(reference, check, send, options)
      checks.push(result)
      options.onResult(result, api)
    }
    const count = (outcome: CheckResult['outcome']) =>
      checks.filter((check) => check.outcome === outcome).length
    results.push({
      api,
      title: reference.title,
      passed: count('ok'),
      failed: count('failed'),
      skipped: count('skipped'),
      checks,
    })
  }
  return results
}

const runCheck = async (
  reference: Reference,
  check: Check,
  send: Send,
  options: RunOptions,
): Promise<CheckResult> => {
  const users = new Set<string>()
  const notes = new Set<string>()
  const target = openTarget(reference, send, options, { users, notes })
  const startedAt = performance.now()
  const { outcome, reason } = await tryCheck(check, target)
  const ms = Math.round(performance.now() - startedAt)
  for (const user of users) await cleanUp(reference, target, user)
  const said = [...(reason === null ? [] : [reason]), ...notes]
  const { name, source, need } = check
  return { name, source, need, outcome, detail: said.length === 0 ? null : said.join('; '), ms }
}

const tryCheck = async (
  check: Check,
  target: Target,
): Promise<{ outcome: CheckResult['outcome']; reason: string | null }> => {
  try {
    await check.run(target)
    return { outcome: 'ok', reason: null }
  } catch (error) {
    if (error instanceof Skip) return { outcome: 'skipped', reason: error.message }
    if (error instanceof Failure) return { outcome: 'failed', reason: error.message }
    return { outcome: 'failed', reason: `the check itself is broken: ${error}` }
  }
}

const cleanUp = async (reference: Reference, target: Target, user: string): Promise<void> => {
  try {
    await reference.clear(target, user)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    target.say(`the cart of ${user} could not be emptied: ${error.message}`)
  }
}

const newName = (prefix: string): string => `${prefix}-${randomBytes(6).toString('hex')}`

const openTarget = (
  reference: Reference,
  send: Send,
  { user, products, token, waitMs, say }: RunOptions,
  { users, notes }: { readonly users: Set<string>; readonly notes: Set<string> },
): Target => {
  const newUser = async (): Promise<string> => {
    const chosen = user ?? newName('conformance')
    users.add(chosen)
    if (user !== null) await reference.clear(target, user)
    return chosen
  }
  const target: Target = {
    send,
    newUser,
    otherUser: async () => {
      if (user !== null) throw new Skip(`the run is bound to the user ${user}, this needs two`)
      return newUser()
    },
    newName,
    products: [products[0] ?? 'L9ECAV7KIM', products[1] ?? newName('product')],
    token,
    waitMs,
    note: (text) => void notes.add(text),
    say,
  }
  return target
}
