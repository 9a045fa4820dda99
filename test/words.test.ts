// Words that readers stumble over, held against code, documents and test names (STYLE: plain technical
// English). Each pattern has the word to use instead.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))

const rules: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\b(?:is|are|was|were|be|been|being|goes|gone|went|stays?|stayed) away\b/i, 'unavailable'],
  [/\b(?:holds?|held|holding|stands?|stood) still\b/i, 'hangs, or does not move'],
  [/\b(?:lets?|letting) (?:\w+ )?go\b/i, 'release, close or drop'],
  [/\bat hand\b/i, 'cached, or there'],
  [/\b(?:is|are|was|were|been|be|it|them) told\b|^\W*told\b/i, 'logged, reported or passed'],
  [/\banew\b/i, 'again, or restarted'],
  [/\bpass(?:ed|es|ing)? over\b/i, 'skipped'],
  [
    // Not the user `nobody` of Unix, which the tests name beside `postgres`.
    /(?<!postgres(?: or |', '))\bnobody\b|\bno one\b|\bsomebody\b|\bsomeone\b|\bwhom\b|\bwhoever\b/i,
    'the noun that is meant',
  ],
  [/\bcatalogues?\b/i, 'catalog'],
]

const folders = ['src', 'simulator', 'bench', 'conformance', 'scripts', 'test', 'docs']
const files = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md']

// Released: their checksums are in databases. And this file, which names the words.
const isExempt = (path: string): boolean =>
  /migrations\/001-|test\/words\.test\.ts$|openapi\.json$/.test(path)

const read = (): readonly (readonly [path: string, text: string])[] =>
  [
    ...files,
    ...folders.flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(folder, name),
      ),
    ),
  ]
    .filter((path) => /\.(?:ts|mjs|md|sql)$/.test(path) && !isExempt(path))
    .map((path) => [path, readFileSync(join(root, path), 'utf8')])

const faultsIn = (path: string, text: string): readonly string[] =>
  text.split('\n').flatMap((line, index) =>
    rules.flatMap(([pattern, instead]) => {
      const [found] = pattern.exec(line) ?? []
      return found === undefined ? [] : [`${path}:${index + 1}: "${found}"; say ${instead}`]
    }),
  )

test('code, documents and test names use the words of the field', () => {
  assert.deepEqual(
    read().flatMap(([path, text]) => faultsIn(path, text)),
    [],
  )
})

test('the check of words goes red on every kind of phrase in its list', () => {
  const texts = [
    ...['the store is away', 'a server that holds still', 'lets it go', 'a cart at hand'],
    ...['it is told once', 'read anew', 'ids are passed over', 'nobody waits', 'the catalogue'],
  ]
  for (const text of texts) assert.equal(faultsIn('x', text).length, 1, text)
  assert.deepEqual(faultsIn('x', 'the store is unavailable; it hangs; read again'), [])
  assert.deepEqual(faultsIn('x', `there is no user postgres or nobody; ['postgres', 'nobody']`), [])
})
