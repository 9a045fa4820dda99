// `npm run catalog`: products and users from files into the database of the service, and back.
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { type Exit, openFolder, startProgram, within } from '../support/process-program.ts'
import { databaseOf, root, startService } from '../support/process-service.ts'
import { openDatabase, postgresIsMissing } from '../support/server-postgres.ts'
import { openSession } from '../support/store-databases.ts'

type Run = Exit & { readonly stdout: string; readonly stderr: string }

type Env = Readonly<Record<string, string>>

const program = join(root, 'src/programs/catalog.ts')

const run = async (folder: string, args: readonly string[], env: Env = {}): Promise<Run> => {
  await using started = startProgram({
    args: [program, ...args],
    env: { DATABASE_URL: `sqlite:${databaseOf(folder)}`, ...env },
    cwd: folder,
  })
  const exit = await within('the end of catalog', started.ended, 60_000)
  return { ...exit, stdout: started.stdout(), stderr: started.stderr() }
}

const select = (folder: string, sql: string): readonly unknown[] => {
  using database = new DatabaseSync(databaseOf(folder), { readOnly: true })
  return database
    .prepare(sql)
    .all()
    .map((row) => Object.values(row))
}

const done = (line: string): Run => ({ code: 0, signal: null, stdout: line, stderr: '' })

test('the example files are imported before the first start of the service, and exported unchanged', async () => {
  using folder = openFolder()
  for (const name of ['products.csv', 'users.csv']) {
    copyFileSync(join(root, 'examples', name), join(folder.path, name))
  }
  const first = await run(folder.path, ['import', 'products.csv', '--users', 'users.csv'])
  const lines =
    'products: 30 added, 0 changed, 0 removed, 0 unchanged\n' +
    'users: 4 added, 0 changed, 0 removed, 0 unchanged\n'
  assert.deepEqual(first, done(lines))
  const ids = ['L9ECAV7KIM', 'OLJCESPC7Z', '66VCHSJNUP', '1YMWWN1N4O']
  const known = select(folder.path, 'select id from products').flat()
  assert.ok(ids.every((id) => known.includes(id)))
  assert.deepEqual(select(folder.path, `select id from users where id = 'abcde'`), [['abcde']])
  const exported = await run(folder.path, ['export', 'out.csv', '--users', 'out-users.csv'])
  assert.deepEqual(exported, done(''))
  const sorted = (name: string) =>
    readFileSync(join(folder.path, name), 'utf8').split(/\r?\n/).toSorted()
  assert.deepEqual(sorted('out.csv'), sorted('products.csv'))
  assert.deepEqual(sorted('out-users.csv'), sorted('users.csv'))
  assert.ok(!readdirSync(folder.path).some((name) => name.endsWith('.part')))
  const again = await run(folder.path, ['import', 'out.csv', '--replace'])
  assert.deepEqual(again, done('products: 0 added, 0 changed, 0 removed, 30 unchanged\n'))
  const { stdout } = await run(folder.path, ['export'])
  assert.equal(stdout, readFileSync(join(folder.path, 'out.csv'), 'utf8'))
})

test('an import of a file with three bad rows imports nothing, and reports the three lines', async () => {
  using folder = openFolder()
  const text = 'id,name,price\na,A,1.00\nb,B,1.005\nc,"C\n",2\nd,D,3\na,Again,4\n'
  writeFileSync(join(folder.path, 'p.csv'), text)
  writeFileSync(join(folder.path, 'u.csv'), 'id\nada\n')
  const { code, stdout, stderr } = await run(folder.path, ['import', 'p.csv', '--users', 'u.csv'])
  assert.deepEqual([code, stdout], [1, ''])
  assert.deepEqual(
    stderr.split('\n').map((line) => line.replace(/^cart-service: /, '').slice(0, 45)),
    [
      'p.csv, line 3: the price must have at most 2 ',
      'p.csv, line 4: the name must be a text of at ',
      'p.csv, line 7: "a" is on line 2 already',
      'bad rows: 3; nothing was imported',
      '',
    ],
  )
  assert.deepEqual(select(folder.path, 'select id from products union select id from users'), [])
})

test('an import with very many bad rows reports the first hundred', async () => {
  using folder = openFolder()
  writeFileSync(join(folder.path, 'p.csv'), `id,price\n${'a,x\n'.repeat(500)}`)
  const { code, stderr } = await run(folder.path, ['import', 'p.csv'])
  const lines = stderr.trimEnd().split('\n')
  assert.equal(code, 1)
  assert.equal(lines.length, 102)
  assert.match(lines[99] ?? '', /p\.csv, line 101: /)
  assert.equal(lines[100], 'cart-service: and 400 more')
  assert.equal(lines[101], 'cart-service: bad rows: 500; nothing was imported')
})

const rowsOf = (count: number, price = '1.15') =>
  `id,name,price,currency\n${Array.from({ length: count }, (_, row) => `p${row},"Product, ${row}",${price},EUR\n`).join('')}`

test('a second import adds and changes rows and, with --replace, removes others', async () => {
  using folder = openFolder()
  const write = (text: string) => writeFileSync(join(folder.path, 'p.csv'), text)
  write(rowsOf(100))
  await run(folder.path, ['import', 'p.csv'])
  write('id,name,price,currency\np0,"Product, 0",1.15,EUR\np1,New,2,EUR\nq,Q,3,EUR\n')
  const upsert = await run(folder.path, ['import', 'p.csv'])
  assert.equal(upsert.stdout, 'products: 1 added, 1 changed, 0 removed, 1 unchanged\n')
  const replace = await run(folder.path, ['import', 'p.csv', '--replace'])
  assert.equal(replace.stdout, 'products: 0 added, 0 changed, 98 removed, 3 unchanged\n')
  writeFileSync(join(folder.path, 'u.csv'), 'id\nada\neve\n')
  await run(folder.path, ['import', '--users', 'u.csv'])
  writeFileSync(join(folder.path, 'u.json'), '[{"id":"ada"}]')
  const users = await run(folder.path, ['import', '--users', 'u.json', '--replace'])
  assert.deepEqual(users, done('users: 0 added, 0 changed, 1 removed, 1 unchanged\n'))
  assert.deepEqual(select(folder.path, 'select count(*) from products'), [[3]])
})

test('an import of 10,000 products takes a few seconds; a larger one reports its progress', async () => {
  using folder = openFolder()
  writeFileSync(join(folder.path, 'p.csv'), rowsOf(10_000))
  const startedAt = performance.now()
  const { stdout } = await run(folder.path, ['import', 'p.csv'])
  const tookMs = performance.now() - startedAt
  assert.equal(stdout, 'products: 10000 added, 0 changed, 0 removed, 0 unchanged\n')
  assert.ok(tookMs < 5_000, `${tookMs} ms`)
  writeFileSync(join(folder.path, 'p.csv'), rowsOf(250_000, '2'))
  const many = await run(folder.path, ['import', 'p.csv'])
  assert.equal(many.stdout, 'products: 240000 added, 10000 changed, 0 removed, 0 unchanged\n')
  assert.match(many.stderr, /^cart-service: p\.csv: 100,000 rows read\n.*: 200,000 rows read\n$/)
})

test('an import runs beside a service on the same file, which keeps accepting additions', async () => {
  using folder = openFolder()
  writeFileSync(join(folder.path, 'p.csv'), rowsOf(50_000))
  await using service = await startService({ folder: folder.path, env: { RESERVATIONS: 'off' } })
  const imported = run(folder.path, ['import', 'p.csv'])
  let isOver = false
  const over = imported.finally(() => {
    isOver = true
  })
  let added = 0
  while (!isOver) {
    const answer = await fetch(`${service.url}/v1/cart/ada/items`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ product_id: 'lamp', quantity: 1 }),
    })
    assert.equal(answer.status, 201)
    await answer.arrayBuffer()
    added += 1
  }
  const line = 'products: 50000 added, 0 changed, 0 removed, 0 unchanged\n'
  assert.deepEqual(await over, done(line))
  assert.ok(added > 10, `${added} additions meanwhile`)
  const cart = (await (await fetch(`${service.url}/v1/cart/ada`)).json()) as Record<string, unknown>
  assert.equal(cart.total_quantity, added)
  await service.stop()
  assert.deepEqual(select(folder.path, 'select count(*) from products'), [[50_000]])
  await using again = await startService({ folder: folder.path, env: { RESERVATIONS: 'off' } })
  assert.equal((await fetch(`${again.url}/ready`)).status, 200)
})

test('import, bad rows, replace and export work in PostgreSQL, too', {
  skip: postgresIsMissing(),
}, async () => {
  using folder = openFolder()
  await using database = await openDatabase()
  const env = { DATABASE_URL: database.url }
  const write = (text: string) => writeFileSync(join(folder.path, 'p.csv'), text)
  write(rowsOf(10_000))
  const first = await run(folder.path, ['import', 'p.csv'], env)
  assert.deepEqual(first, done('products: 10000 added, 0 changed, 0 removed, 0 unchanged\n'))
  write(`${rowsOf(3, '2')}x,X,free,EUR\n`)
  const refused = await run(folder.path, ['import', 'p.csv', '--replace'], env)
  assert.equal(refused.code, 1)
  assert.match(
    refused.stderr,
    /p\.csv, line 5: the price .*\n.*bad rows: 1; nothing was imported\n$/,
  )
  const before = await run(folder.path, ['export', 'all.csv'], env)
  assert.deepEqual(before, done(''))
  const lines = readFileSync(join(folder.path, 'all.csv'), 'utf8').split('\r\n')
  assert.deepEqual([lines.length, lines[1]], [10_002, 'p0,"Product, 0",1.15,EUR'])
  write(rowsOf(3, '2'))
  const replaced = await run(folder.path, ['import', 'p.csv', '--replace'], env)
  assert.deepEqual(replaced, done('products: 0 added, 3 changed, 9997 removed, 0 unchanged\n'))
  await using session = await openSession(database.url)
  const rows = await session.ask('select id, name, price::text, currency from products order by id')
  assert.deepEqual(rows[1], ['p1', 'Product, 1', '2.00', 'EUR'])
})

test('wrong usage of the catalog program is exit code 2, with one line', async () => {
  using folder = openFolder()
  const wrong: readonly (readonly string[])[] = [
    [],
    ['imprt', 'p.csv'],
    ['import'],
    ['import', 'a.csv', 'b.csv'],
    ['import', 'a.csv', '--force'],
    ['import', 'a.csv', '--users'],
    ['import', '-', '--users', '-'],
    ['import', 'a.csv', '--currency', 'dollars'],
    ['export', '--replace'],
  ]
  for (const args of wrong) {
    const { code, stdout, stderr } = await run(folder.path, args)
    assert.deepEqual([code, stdout], [2, ''], args.join(' '))
    assert.match(stderr, /^cart-service: .+; --help says more\n$/)
  }
  assert.ok(!existsSync(databaseOf(folder.path)))
})

test('the catalog program ends with code 1 after a failure, 78 with wrong settings, 0 with --help', async () => {
  using folder = openFolder()
  const missing = await run(folder.path, ['import', 'none.csv'])
  assert.deepEqual([missing.code, missing.stdout], [1, ''])
  assert.match(missing.stderr, /^cart-service: ENOENT.*none\.csv'\n$/)
  const unavailable = await run(folder.path, ['export'], {
    DATABASE_URL: 'postgresql://x@127.0.0.1:1/x',
  })
  assert.deepEqual([unavailable.code, unavailable.stdout], [1, ''])
  assert.match(unavailable.stderr, /^cart-service: .*ECONNREFUSED.*\n$/)
  for (const [url, line] of [
    ['memory:', /^cart-service: DATABASE_URL is memory:/],
    ['mysql://x', /^cart-service: DATABASE_URL must be/],
  ] as const) {
    const wrong = await run(folder.path, ['export'], { DATABASE_URL: url })
    assert.deepEqual([wrong.code, wrong.stdout], [78, ''])
    assert.match(wrong.stderr, line)
  }
  const help = await run(folder.path, ['--help'], { DATABASE_URL: 'mysql://x' })
  assert.equal(help.code, 0)
  assert.match(help.stdout, /npm run catalog -- import/)
})
