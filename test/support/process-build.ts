// A build of the service that is broken on purpose, to see a checker go red.
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './process-service.ts'

export type Change = {
  /** Below the root of the project. */
  readonly file: string
  readonly from: string
  readonly to: string
}

/** Copies src into the folder with the changes made. @throws Error when there is nothing to change. */
export const buildBroken = (folder: string, changes: readonly Change[]): string => {
  const build = join(folder, 'build')
  for (const name of ['src', 'package.json']) {
    cpSync(join(root, name), join(build, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(build, 'node_modules'))
  for (const { file, from, to } of changes) {
    const path = join(build, file)
    const text = readFileSync(path, 'utf8')
    if (!text.includes(from))
      throw new Error(`${file} has no "${from}": adapt the test that breaks it`)
    writeFileSync(path, text.replace(from, to))
  }
  return build
}
