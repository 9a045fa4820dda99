// Where the programs of PostgreSQL and Redis are on this machine, and what to do when they are missing.
import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    // Not there, or not to be run by us.
    return false
  }
}

const pathFolders = (): readonly string[] =>
  (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')

const findProgram = (name: string, folders: readonly string[]): string | undefined =>
  folders.map((folder) => join(folder, name)).find(isExecutable)

export type PostgresPrograms = { readonly initdb: string; readonly postgres: string }

export const findPostgresPrograms = (): PostgresPrograms | undefined => {
  if (process.platform === 'win32') return undefined
  const { stdout } = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' })
  const versionOf = (folder: string): number => Number(/(\d+)\/bin$/.exec(folder)?.[1] ?? 0)
  // Debian and Ubuntu put them beside the PATH, a folder for each version.
  const packaged = globSync('/usr/lib/postgresql/*/bin').sort((a, b) => versionOf(b) - versionOf(a))
  const folders = [...pathFolders(), ...(stdout ? [stdout.trim()] : []), ...packaged]
  // Both from one folder: they refuse another version.
  const folder = folders.find(
    (each) => isExecutable(join(each, 'initdb')) && isExecutable(join(each, 'postgres')),
  )
  if (folder === undefined) return undefined
  return { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') }
}

export type PostgresUser = { readonly uid: number; readonly gid: number }

/** PostgreSQL refuses to run as root. Undefined: there is no user to run it as; null: the present user will do. */
export const findPostgresUser = (): PostgresUser | null | undefined => {
  if (process.getuid?.() !== 0) return null
  return ['postgres', 'nobody'].map(findUser).find((user) => user !== undefined)
}

const findUser = (name: string): PostgresUser | undefined => {
  const idOf = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }))
  if (spawnSync('id', ['-u', name]).status !== 0) return undefined
  return { uid: idOf('-u'), gid: idOf('-g') }
}

/** Valkey is as good: the tests use nothing in which they differ. */
export const findRedisProgram = (): string | undefined => {
  if (process.platform === 'win32') return undefined
  return ['redis-server', 'valkey-server']
    .map((name) => findProgram(name, pathFolders()))
    .find((file) => file !== undefined)
}
