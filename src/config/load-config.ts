// The settings of a program that was just started, or its exit with a line for each mistake.
import { existsSync, readFileSync } from 'node:fs'
import { type Config, ConfigError, readConfig } from './read-config.ts'

// EX_CONFIG of sysexits.h.
const configExitCode = 78

/** One line on standard error. */
export const printError = (line: string): void => {
  process.stderr.write(`cart-service: ${line}\n`)
}

/** Also from the file .env in the working directory; the environment goes before it. */
export const readConfigOrExit = (): Config => {
  if (existsSync('.env')) process.loadEnvFile('.env')
  try {
    return readConfig(process.env, (path) => readFileSync(path, 'utf8'))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) printError(problem)
    process.exit(configExitCode)
  }
}
