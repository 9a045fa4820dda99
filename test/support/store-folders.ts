// Stores for tests, in folders of their own that are deleted when the store is closed.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMemoryStore } from '../../src/adapters/stores/memory/open.ts'
import { openSqliteStore } from '../../src/adapters/stores/sqlite/open.ts'
import type { Store } from '../../src/ports/store.ts'

export type OpenStore = () => Promise<Store>

export const openFolder = (): Disposable & { readonly path: string } => {
  const path = mkdtempSync(join(tmpdir(), 'store-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

export const openFreshMemoryStore: OpenStore = async () => openMemoryStore()

export const openFreshSqliteStore: OpenStore = async () => {
  const folder = openFolder()
  const store = await openSqliteStore(join(folder.path, 'cart.db'))
  return {
    ...store,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}
