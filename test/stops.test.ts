// The stops of one add and of one reservation, as ARCHITECTURE.md lists them, held against the files.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const document = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')

type Stop = { readonly name: string; readonly file: string; readonly from: string | null }

const stopsOf = (heading: string, text = document): readonly Stop[] => {
  const section = text.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? ''
  const rows = section.matchAll(/^\| \d+ \| ([\w -]+) \| `([^`]+)` \| (?:`([^`]+)`|–) \|/gm)
  return [...rows].map(([, name = '', file = '', from]) => ({ name, file, from: from ?? null }))
}

// A reservation goes on as an add does, once its outcome is a command.
const stopsOfAnAdd = stopsOf('One add').map(({ file }) => file)

const read = (file: string): string => readFileSync(join(root, 'src', file), 'utf8')

const importPattern = /(?:^import (type )?\{([^}]*)\} from|import\(|new URL\()\s*'(\.[^']+)'/gm

type Import = { readonly target: string; readonly isType: boolean }

const importsIn = (file: string): readonly Import[] =>
  [...read(file).matchAll(importPattern)].map(([, type, names = '', path = '']) => ({
    target: normalize(join(dirname(file), path)),
    isType: type !== undefined || (names !== '' && !/(?:^|,)\s*(?!type )\w/.test(names)),
  }))

const importsOf = (file: string): readonly string[] => importsIn(file).map(({ target }) => target)

/** A port is reached by its caller and by the adapter that keeps it; else a file imports the next. */
const isReached = ({ file, from }: Stop, earlier: readonly string[]): boolean => {
  if (from === null) return earlier.length === 0
  if (!from.startsWith('ports/')) {
    const isPassed = [...earlier, ...stopsOfAnAdd, 'application/use-cases.ts'].includes(from)
    return isPassed && importsOf(from).includes(file)
  }
  return importsOf(file).includes(from) && earlier.some((each) => importsOf(each).includes(from))
}

const faultsIn = (stops: readonly Stop[]): readonly string[] => {
  const faults: string[] = []
  if (stops.length === 0 || stops.length > 10) faults.push(`there are ${stops.length} stops`)
  if (new Set(stops.map(({ file }) => file)).size < stops.length) faults.push('a stop comes twice')
  for (const [index, stop] of stops.entries()) {
    const { name, file, from } = stop
    const earlier = stops.slice(0, index).map((each) => each.file)
    if (!existsSync(join(root, 'src', file))) {
      faults.push(`${name}: there is no ${file}`)
      continue
    }
    if (!isReached(stop, earlier)) faults.push(`${name}: ${from} does not lead to ${file}`)
    // A type may come from above, what runs may not.
    const up = importsIn(file).filter(({ target, isType }) => !isType && earlier.includes(target))
    if (up.length > 0) faults.push(`${name} calls an earlier stop`)
  }
  return faults
}

for (const heading of ['One add', 'One reservation']) {
  test(`${heading.toLowerCase()} has at most ten stops, each of which exists and is reached from above`, () => {
    assert.deepEqual(faultsIn(stopsOf(heading)), [])
  })
}

test('routes reach the use cases through http-parts.ts', () => {
  assert.ok(
    importsOf('adapters/http/routes/item-routes.ts').includes('adapters/http/server/http-parts.ts'),
  )
  assert.ok(importsOf('adapters/http/server/http-parts.ts').includes('application/use-cases.ts'))
})

test('the check of the stops finds a missing file, a stop out of reach, one too many and a double', () => {
  const stops = stopsOf('One add')
  const [first, second] = stops
  assert.ok(first && second)
  const gone = { ...second, file: 'application/carts/gone.ts' }
  assert.match(faultsIn([first, gone]).join(), /there is no application\/carts\/gone\.ts/)
  const apart = { name: 'sweep', file: 'application/sweep.ts', from: 'domain/cart/decide.ts' }
  assert.match(faultsIn([...stops.slice(0, 9), apart]).join(), /does not lead to/)
  assert.match(faultsIn([...stops, apart]).join(), /11 stops/)
  assert.match(faultsIn([first, second, second]).join(), /twice/)
})
