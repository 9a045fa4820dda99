// PostgreSQL and Redis for a run of the tests: started once, when a test file speaks of them, the programs
// are there, and the environment names no server.
import { readFileSync } from 'node:fs'
import { postgresProgramsAreMissing, startPostgres } from '../test/support/server-postgres.ts'
import { redisProgramIsMissing, startRedis } from '../test/support/server-redis.ts'

export interface Servers extends AsyncDisposable {
  /** For the processes of the tests. */
  readonly env: Readonly<Record<string, string>>
}

// A file that is overlooked starts a server of its own, which takes longer and is as good.
const kinds = [
  {
    variable: 'TEST_DATABASE_URL',
    word: /postgres/i,
    isMissing: postgresProgramsAreMissing,
    start: startPostgres,
  },
  {
    variable: 'TEST_REDIS_URL',
    word: /redis/i,
    isMissing: redisProgramIsMissing,
    start: startRedis,
  },
] as const

export const startServers = async (files: readonly string[]): Promise<Servers> => {
  const texts = files.map((file) => readFileSync(file, 'utf8'))
  const wanted = kinds.filter(
    ({ variable, word, isMissing }) =>
      !process.env[variable]?.trim() && texts.some((text) => word.test(text)) && !isMissing(),
  )
  const servers = await Promise.all(
    wanted.map(async ({ variable, start }) => ({ variable, server: await start() })),
  )
  return {
    env: Object.fromEntries(servers.map(({ variable, server }) => [variable, server.url])),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map(({ server }) => server[Symbol.asyncDispose]()))
    },
  }
}
