// Files that cannot be used: refused with one line of advice, and left as they were.
import assert from 'node:assert/strict'
import {
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openSqliteStore, StoreUnusableError } from '../../../src/adapters/stores/sqlite/open.ts'
import type { CartId } from '../../../src/domain/ids.ts'
import { buildFullChange, everyPart, mustCommit, partsIn } from '../../support/store-changes.ts'
import { openFolder } from '../../support/store-folders.ts'
import { startHolder } from '../../support/store-processes.ts'

const advice = /set DATABASE_URL|restore|start the newer version|check that/

const refusalOf = async (path: string): Promise<string> => {
  const error = await openSqliteStore(path).then(
    async (store) => {
      await store[Symbol.asyncDispose]()
      return null
    },
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof StoreUnusableError, `refused with ${error}`)
  assert.match(error.message, advice)
  assert.doesNotMatch(error.message, /\n/)
  assert.ok(error.message.includes(path), error.message)
  return error.message
}

/** A store's file, closed, with some carts in it. */
const makeFile = async (folder: string): Promise<string> => {
  const path = join(folder, 'cart.db')
  await using store = await openSqliteStore(path)
  for (let cart = 0; cart < 50; cart += 1) {
    await mustCommit(store, buildFullChange(`a${cart}`, { cartId: `cart ${cart}` as CartId }))
  }
  return path
}

const changeWith = (path: string, sql: string): void => {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

test('a file that this process has open is refused, and the open store keeps working', async () => {
  using folder = openFolder()
  const path = await makeFile(folder.path)
  {
    await using store = await openSqliteStore(path)
    assert.match(await refusalOf(path), /in use by another cart service; stop it/)
    await mustCommit(store, buildFullChange('a'))
    assert.match(await refusalOf(path), /in use/)
  }
  await using again = await openSqliteStore(path)
  assert.deepEqual(await partsIn(again, 'a'), everyPart)
})

test('a file that is open under another path is refused', async () => {
  using folder = openFolder()
  const path = await makeFile(folder.path)
  const link = join(folder.path, 'link.db')
  const linkedFolder = join(folder.path, 'linked')
  symlinkSync(path, link)
  symlinkSync(folder.path, linkedFolder)
  await using store = await openSqliteStore(path)
  assert.match(await refusalOf(join(linkedFolder, 'cart.db')), /in use/)
  assert.match(await refusalOf(link), /in use/)
  await store.check()
})

test('a file that another process has open is refused until that process is killed', async () => {
  using folder = openFolder()
  const path = await makeFile(folder.path)
  await using holder = await startHolder(path)
  assert.deepEqual(holder.lines(), ['open'])
  assert.match(await refusalOf(path), /in use by another cart service; stop it/)
  await using other = await startHolder(path)
  assert.match(other.lines().join(), /^StoreUnusableError: .* is in use by another cart service/)
  await holder.kill()
  await using store = await openSqliteStore(path)
  await store.check()
})

test('a database of another program is refused and not touched', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'other.db')
  changeWith(path, 'create table carts (id integer primary key); insert into carts values (1)')
  const before = readFileSync(path)
  const { mtimeMs } = statSync(path)
  assert.match(await refusalOf(path), /a database of another program/)
  assert.deepEqual(readFileSync(path), before)
  assert.equal(statSync(path).mtimeMs, mtimeMs)
})

test('a file that is no database is refused and not touched', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'notes.txt')
  for (const text of ['buy milk\n', 'buy milk\n'.repeat(1_000)]) {
    writeFileSync(path, text)
    await refusalOf(path)
    assert.equal(readFileSync(path, 'utf8'), text)
  }
})

test('an empty file is used like a missing one', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'empty.db')
  writeFileSync(path, '')
  await using store = await openSqliteStore(path)
  await store.check()
})

test('a truncated file is refused and not touched', async () => {
  using folder = openFolder()
  const path = await makeFile(folder.path)
  const whole = readFileSync(path)
  for (const part of [0.9, 0.5, 0.1]) {
    writeFileSync(path, whole)
    truncateSync(path, Math.floor(whole.length * part))
    const before = readFileSync(path)
    await refusalOf(path)
    assert.deepEqual(readFileSync(path), before)
  }
})

test('a file with a corrupted table is refused', async () => {
  using folder = openFolder()
  const path = await makeFile(folder.path)
  const whole = readFileSync(path)
  const database = new DatabaseSync(path, { readOnly: true })
  const pageBytes = Number(database.prepare('pragma page_size').get()?.page_size)
  const rootOf = database.prepare('select rootpage from sqlite_schema where name = ?')
  const roots = ['migrations', 'jobs_leased'].map((name) => Number(rootOf.get(name)?.rootpage))
  database.close()
  for (const root of roots) {
    const corrupted = Buffer.from(whole)
    corrupted.fill(0xff, (root - 1) * pageBytes, root * pageBytes)
    writeFileSync(path, corrupted)
    await refusalOf(path)
  }
  writeFileSync(path, whole)
  await using store = await openSqliteStore(path)
  await store.check()
})

test('a file without one of its tables is refused', async () => {
  using folder = openFolder()
  const path = await makeFile(folder.path)
  changeWith(path, 'drop table answers')
  await refusalOf(path)
})

test('a file of a newer version is refused and keeps its data', async () => {
  using folder = openFolder()
  const path = await makeFile(folder.path)
  changeWith(path, "insert into migrations values (99, '099-x.sql', 'x', 'x')")
  assert.match(
    await refusalOf(path),
    /newer version of the service.* needs schema 99, .*; start the newer version/,
  )
  changeWith(path, 'delete from migrations where number = 99')
  await using store = await openSqliteStore(path)
  assert.deepEqual(await partsIn(store, 'a7', 'cart 7' as CartId), everyPart)
})

test('a file made by another version of a migration is refused', async () => {
  using folder = openFolder()
  const path = await makeFile(folder.path)
  changeWith(path, "update migrations set checksum = 'other' where number = 1")
  assert.match(await refusalOf(path), /another version of migration 001-\S+\.sql; restore/)
})

test('a folder that cannot be made or written is refused', async () => {
  using folder = openFolder()
  const file = join(folder.path, 'file')
  writeFileSync(file, 'a file')
  assert.match(await refusalOf(join(file, 'cart.db')), /check that the directory is writable/)
  assert.match(
    await refusalOf(join(file, 'deep', 'cart.db')),
    /check that the directory is writable/,
  )
  assert.equal(readFileSync(file, 'utf8'), 'a file')
})

test('a folder at the path of the file is refused', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'cart.db')
  mkdirSync(path)
  await refusalOf(path)
})
