// The settings of a program that was just started, or its end with a line for each mistake.
import { existsSync, readFileSync } from 'node:fs'
import { type Config, ConfigError, readConfig } from './config.ts'

// EX_CONFIG of sysexits.h.
const configExitCode = 78

/** One line for the person who started the program. */
export const complain = (line: string): void => {
  process.stderr.write(`cart-service: ${line}\n`)
}

/** Also from the file .env in the working directory; what the environment says goes before it. */
export const readConfigOrExit = (): Config => {
  if (existsSync('.env')) process.loadEnvFile('.env')
  try {
    return readConfig(process.env, (path) => readFileSync(path, 'utf8'))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) complain(problem)
    process.exit(configExitCode)
  }
}
