// The command line of the program.
import { parseArgs } from 'node:util'
import { type Api, apis } from './check.ts'

export const help = `npm run conformance -- --url http://… [options]

Checks whether the server at the URL behaves as the reference documents say, from outside.

  --url URL       where the server is; may have a path
  --api NNN       000, 001, 002, 003 or 004; may be given several times (all)
  --token TOKEN   sent as Authorization: Bearer TOKEN; its subject becomes the user
  --user ID       act as this user only, whose cart is emptied (a new user for each check)
  --product ID    a product that the server knows; may be given twice
  --wait SECONDS  how long 004 waits for a reservation (45)
  --no-wait       004 does not wait for a reservation
  --json          one JSON document on standard output
  --help          this text

Exit code 0: as documented; 1: something is not, or nothing answers; 2: wrong usage.
Carts that it filled are emptied again; 004 has no way to take an item out, so these stay.
`

export type Options = {
  readonly url: string
  readonly apis: readonly Api[]
  readonly token: string | null
  readonly user: string | null
  readonly products: readonly string[]
  readonly waitMs: number | null
  readonly output: 'lines' | 'json'
}

export class UsageError extends Error {}

const waitMaxSeconds = 3_600

const known = {
  url: { type: 'string' },
  api: { type: 'string', multiple: true },
  token: { type: 'string' },
  user: { type: 'string' },
  product: { type: 'string', multiple: true },
  wait: { type: 'string', default: '45' },
  'no-wait': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** @throws UsageError */
export const readOptions = (args: readonly string[]): Options | 'help' => {
  const values = parse(args)
  if (values.help) return 'help'
  if (values.url === undefined) throw new UsageError('--url is missing')
  const { token = null } = values
  return {
    url: readUrl(values.url),
    apis: readApis(values.api ?? []),
    token,
    user: values.user ?? (token === null ? null : readSubject(token)),
    products: values.product ?? [],
    waitMs: values['no-wait'] ? null : readWait(values.wait),
    output: values.json ? 'json' : 'lines',
  }
}

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: known }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

const readUrl = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '') {
    return url.href.replace(/\/+$/, '')
  }
  throw new UsageError(`--url must be an http or https URL without query, not ${text}`)
}

const readApis = (names: readonly string[]): readonly Api[] => {
  const unknown = names.find((name) => !apis.some((api) => api === name))
  if (unknown !== undefined) {
    throw new UsageError(`--api must be one of ${apis.join(', ')}, not ${unknown}`)
  }
  return names.length === 0 ? apis : apis.filter((api) => names.includes(api))
}

const readWait = (text: string): number => {
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN
  if (seconds <= waitMaxSeconds) return 1_000 * seconds
  throw new UsageError(`--wait must be whole seconds from 0 to ${waitMaxSeconds}, not ${text}`)
}

// The subject is whose carts the token opens. Not verified: that is for the server to do.
const readSubject = (token: string): string | null => {
  try {
    const claims: unknown = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
    )
    const subject = typeof claims === 'object' && claims !== null && 'sub' in claims && claims.sub
    return typeof subject === 'string' ? subject : null
  } catch {
    return null
  }
}
