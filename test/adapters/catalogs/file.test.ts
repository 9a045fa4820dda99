// The catalog from files: read again when they change, and never a half or broken version.
import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openFileCatalog } from '../../../src/adapters/catalogs/file.ts'
import type { Catalog } from '../../../src/ports/catalog.ts'
import { until } from '../../support/store-processes.ts'
import { openFolder } from './folders.ts'

const lookEveryMs = 10

const openAt = async (path: string, usersPath: string | null = null, everyMs = lookEveryMs) => {
  const troubles: string[] = []
  const catalog = await openFileCatalog({
    path,
    usersPath,
    currency: 'USD',
    onTrouble: ({ message }) => void troubles.push(message),
    lookEveryMs: everyMs,
  })
  return Object.assign(catalog, { troubles })
}

const amountOf = async (catalog: Catalog, id: string) =>
  (await catalog.findProducts([id])).get(id)?.price?.amount

const has = async (catalog: Catalog, id: string) => (await catalog.findProducts([id])).size === 1

const one = (price: string) => `id,price\nlamp,${price}\n`

test('a new version of the file is soon in force, whether overwritten, renamed or linked', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'products.csv')
  writeFileSync(path, one('1.00'))
  await using catalog = await openAt(path)
  assert.equal(await amountOf(catalog, 'lamp'), 100)
  writeFileSync(path, one('2.00'))
  await until('it is read', async () => (await amountOf(catalog, 'lamp')) === 200)
  writeFileSync(join(folder.path, 'new.csv'), one('3.00'))
  renameSync(join(folder.path, 'new.csv'), path)
  await until('it is read', async () => (await amountOf(catalog, 'lamp')) === 300)
  // As a volume of Kubernetes does it: a symbolic link is replaced.
  mkdirSync(join(folder.path, 'data'))
  writeFileSync(join(folder.path, 'data', 'products.csv'), one('4.00'))
  rmSync(path)
  symlinkSync(join(folder.path, 'data', 'products.csv'), path)
  await until('it is read', async () => (await amountOf(catalog, 'lamp')) === 400)
  appendFileSync(path, 'mug,1\n')
  await until('it is read', () => has(catalog, 'mug'))
  // Between two of these, the file may have been gone for a moment.
  assert.ok(catalog.troubles.length <= 1, catalog.troubles.join())
})

test('a broken version of the file is reported once, with its line, and the one before stays in force', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'products.csv')
  writeFileSync(path, one('1.00'))
  await using catalog = await openAt(path)
  writeFileSync(path, 'id,price\nlamp,2\n\nmug,free\n')
  await until('it is reported', () => catalog.troubles.length > 0)
  await sleep(10 * lookEveryMs)
  assert.equal(await amountOf(catalog, 'lamp'), 100)
  assert.deepEqual(catalog.troubles, [
    'products.csv, line 4: the price must be a decimal number such as 12.99, not "free"; ' +
      'the version before stays in force',
  ])
  await catalog.check()
  rmSync(path)
  await until('it is reported', () => catalog.troubles.length > 1)
  assert.match(catalog.troubles[1] ?? '', /^the products cannot be read: ENOENT/)
  assert.equal(await amountOf(catalog, 'lamp'), 100)
  writeFileSync(path, one('5.00'))
  await until('it is mended', async () => (await amountOf(catalog, 'lamp')) === 500)
  assert.equal(catalog.troubles.length, 2)
})

test('a file of products that is being written is not read before it stops changing', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'products.csv')
  writeFileSync(path, 'id\nfirst\nlast\n')
  await using catalog = await openAt(path, null, 200)
  writeFileSync(path, 'id\nfirst\n')
  let [longestMs, isWhole] = [0, true]
  for (let row = 0; row < 40; row += 1) {
    const before = performance.now()
    appendFileSync(path, `row-${row}\n`)
    await sleep(20)
    isWhole &&= await has(catalog, 'last')
    longestMs = Math.max(longestMs, performance.now() - before)
  }
  appendFileSync(path, 'last\n')
  // If the test itself was paused for so long, the file did stop changing.
  assert.ok(isWhole || longestMs > 150, `${longestMs} ms`)
  await until(
    'all of it is read',
    async () => (await has(catalog, 'row-39')) && has(catalog, 'last'),
  )
})

const broken: readonly (readonly [name: string, text: string | Buffer, why: RegExp])[] = [
  ['p.csv', '', /p\.csv, line 1: the first line must name the columns/],
  ['p.csv', 'a,b\n', /line 1: the first line must name the columns .* "a" is none of them/],
  ['p.csv', 'id;name\n', /line 1: .*"id;name" is none of them/],
  ['p.csv', 'name,price\n', /line 1: .*there is no id/],
  ['p.csv', 'id,id\n', /line 1: the column id is there twice/],
  ['p.csv', 'id,name\na\n', /line 2: there are 1 fields, but 2 columns/],
  ['p.csv', 'id\na\n"b\n', /line 3: a quote is not closed/],
  ['p.csv', 'id\na\nb\na\n', /line 4: "a" is on line 2 already/],
  ['p.csv', 'id\n a\n', /line 2: the id must be a text/],
  ['p.csv', `id\n${'x'.repeat(129)}\n`, /line 2: the id must be a text/],
  ['p.csv', 'id,name\na,b\u0001\n', /line 2: the name must be a text/],
  ['p.csv', 'id,price\na,1.234\n', /line 2: the price must have at most 2 decimals in USD/],
  ['p.csv', 'id,currency\na,dollars\n', /line 2: the currency must be a code of ISO 4217/],
  ['p.csv', Buffer.from('id\na\n\xff\n', 'latin1'), /line 3: the text is not UTF-8/],
  ['p.json', '', /p\.json, line 1: it is not JSON/],
  ['p.json', '[\n{"id": "a"},\n{"id": "b",,}]', /line 3: it is not JSON/],
  ['p.json', '[\n{"id": "a"},\n\n', /line 4: it is not JSON/],
  ['p.json', '{"id": "a"}', /line 1: the products must be an array of objects/],
  ['p.json', '[\n{"id": "a"},\n"b"]', /line 3: there must be an object with id/],
  ['p.json', '[{"id": "a",\n"prize": 1}]', /line 1: .*"prize" is none of them/],
  ['p.json', '[\n{"id": "a"}, {\n"id": 5}]', /line 2: the id must be a text/],
  ['p.json', '[\n{"id": "[{,\\""},\n{"id": "a", "price": true}]', /line 3: the price/],
]

test('a file that is missing or broken at the start is refused, with the line of the fault', async () => {
  using folder = openFolder()
  await assert.rejects(openAt(join(folder.path, 'none.csv')), /products cannot be read: ENOENT/)
  await assert.rejects(openAt(folder.path), /EISDIR/)
  for (const [name, text, why] of broken) {
    writeFileSync(join(folder.path, name), text)
    await assert.rejects(openAt(join(folder.path, name)), why, String(why))
  }
})

test('a file of users may be empty, and is reported or refused when it has a bad id', async () => {
  using folder = openFolder()
  const [path, usersPath] = [join(folder.path, 'p.csv'), join(folder.path, 'u.csv')]
  writeFileSync(path, 'id\n')
  writeFileSync(usersPath, 'id\n')
  await using empty = await openAt(path, usersPath)
  assert.equal(await empty.hasUser('ada'), false)
  assert.equal(await has(empty, 'lamp'), false)
  writeFileSync(usersPath, 'id\nada\n')
  await until('it is read', () => empty.hasUser('ada'))
  writeFileSync(usersPath, 'id\nada\n"a b"\n')
  await until('it is reported', () => empty.troubles.length > 0)
  assert.match(empty.troubles[0] ?? '', /^u\.csv, line 3: the id must be 1 to 128 visible ASCII/)
  await assert.rejects(openAt(path, usersPath), /u\.csv, line 3/)
})

test('100,000 products are read within a few seconds', async () => {
  using folder = openFolder()
  const path = join(folder.path, 'p.csv')
  const rows = Array.from({ length: 100_000 }, (_, row) => `p${row},"Product, ${row}",1.15,EUR\r\n`)
  writeFileSync(path, `id,name,price,currency\r\n${rows.join('')}`)
  const startedAt = performance.now()
  await using catalog = await openAt(path)
  assert.ok(performance.now() - startedAt < 10_000)
  assert.equal(await amountOf(catalog, 'p99999'), 115)
})
