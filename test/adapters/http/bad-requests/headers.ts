// Headers and queries that make no sense, or change what a request means.
import { type BadRequest, cart, item, items, lamp } from './bad-request.ts'

const add = (name: string, value: string, status = 400): BadRequest => ({
  why: `${name}: ${value.slice(0, 60)}`,
  method: 'POST',
  url: items,
  status,
  body: lamp,
  headers: { [name]: value },
})

const badKeys = [
  ...['', ' ', '""', '"', '"a', 'a"', 'a b', '"a b"', 'a"b', '"a"b"', '"a", "b"', 'a\tb', 'a\x7fb'],
  ...['ä', 'ключ', '\u00a0', 'x'.repeat(256), `"${'x'.repeat(256)}"`, 'x'.repeat(5_000)],
]

const badTags = [
  ...['', ' ', '1', '1.1', '"1.1', '1.1"', "'1.1'", '""1.1""', '"1.1" "1.2"', '"1.1",', ',"1.1"'],
  ...[
    '"1.1",,"1.2"',
    '"1.1", *',
    '*, "1.1"',
    '**',
    '"*',
    'w/"1.1"',
    'W/1.1',
    'W /"1.1"',
    '"1.1";a=b',
  ],
  ...['"a b"', '"a\tb"', 'any', 'null', '"1.1"x', `"${'x'.repeat(2_000)}"`],
]

const staleTags = [
  '"0"',
  '"2.1"',
  '"999999999999999.0"',
  '"9999999999999999999"',
  '""',
  '"x"',
  'W/"1.1"',
]

const otherTypes = [
  ...['', 'json', 'text/json', 'text/plain', 'text/plain; charset=utf-8', 'text/html', 'image/png'],
  ...['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml'],
  ...['application/octet-stream', 'application/jsonx', 'application/json-patch+json'],
  ...['application/merge-patch+json', 'application/problem+json', 'application/x-ndjson'],
  ...[
    'application/json, text/plain',
    'application',
    '/json',
    'application/',
    '*/*',
    'application/*',
  ],
  ...['application/json; charset=utf-16', 'application/json; charset=latin1'],
  ...['application/json; charset=iso-8859-1', 'application/json;charset="ascii"'],
]

const query = (why: string, url: string): BadRequest => ({ why, method: 'GET', url, status: 400 })

const badNumbers = [
  ...[
    '',
    '0',
    '-1',
    '1.0',
    '1.5',
    '1e2',
    '0x10',
    '%201',
    '1%20',
    '%2B1',
    'NaN',
    'Infinity',
    'null',
  ],
  ...['true', 'all', '1001', '9999999999999999999', '[1]', '1,2', '%00', '1%00', '%zz', '%D9%A3'],
]

const queries: readonly BadRequest[] = [
  ...badNumbers.map((text) => query(`limit=${text}`, `${cart}/journal?limit=${text}`)),
  ...badNumbers
    .filter((text) => text !== '0' && text !== '1001')
    .map((text) => query(`after=${text}`, `${cart}/journal?after=${text}`)),
  query('a limit twice', `${cart}/journal?limit=1&limit=2`),
  query('after as a list', `${cart}/journal?after[]=1`),
  query('an unknown parameter', `${cart}/journal?before=5`),
  query('a known one in capitals', `${cart}/journal?Limit=5`),
  query('a parameter without a name', `${cart}/journal?=5`),
  query('__proto__ as a parameter', `${cart}/journal?__proto__=1`),
  query('no state', '/v1/admin/jobs'),
  query('an unknown state', '/v1/admin/jobs?state=lost'),
  query('a state in capitals', '/v1/admin/jobs?state=BURIED'),
  query('a state with a space', '/v1/admin/jobs?state=buried%20'),
  query('a state with NUL', '/v1/admin/jobs?state=buried%00'),
  query('after with NUL', '/v1/admin/jobs?state=buried&after=a%00'),
  query('after with a space', '/v1/admin/jobs?state=buried&after=a%20b'),
  query('after outside ASCII', '/v1/admin/jobs?state=buried&after=%C3%BC'),
]

const methods: readonly BadRequest[] = [
  { why: 'PUT on a cart', method: 'PUT', url: cart, status: 405, body: lamp },
  { why: 'POST on a cart', method: 'POST', url: cart, status: 405, body: lamp },
  { why: 'PATCH on a cart', method: 'PATCH', url: cart, status: 405, body: lamp },
  { why: 'GET on items', method: 'GET', url: items, status: 405 },
  { why: 'DELETE on items', method: 'DELETE', url: items, status: 405 },
  { why: 'PUT on an item', method: 'PUT', url: item, status: 405, body: { quantity: 1 } },
  { why: 'POST on an item', method: 'POST', url: item, status: 405, body: { quantity: 1 } },
  { why: 'GET on reserve', method: 'GET', url: `${item}/reserve`, status: 405 },
  { why: 'DELETE on the journal', method: 'DELETE', url: `${cart}/journal`, status: 405 },
  { why: 'TRACE', method: 'TRACE', url: cart, status: 405 },
  { why: 'OPTIONS', method: 'OPTIONS', url: cart, status: 405 },
  { why: 'GET on requeue', method: 'GET', url: '/v1/admin/jobs/x/requeue', status: 405 },
  { why: 'DELETE on jobs', method: 'DELETE', url: '/v1/admin/jobs?state=buried', status: 405 },
]

const broken = { raw: '{', headers: { 'content-type': 'application/json' } }

export const badHeaders: readonly BadRequest[] = [
  ...badKeys.map((key) => add('idempotency-key', key)),
  ...badTags.map((tag) => add('if-match', tag)),
  ...staleTags.map((tag) => add('if-match', tag, 412)),
  ...otherTypes.map((type) => add('content-type', type, 415)),
  ...badTags.map((tag) => ({
    ...query(`if-none-match: ${tag.slice(0, 60)}`, cart),
    headers: { 'if-none-match': tag },
  })),
  ...queries,
  ...methods,
  { why: 'broken JSON on DELETE', method: 'DELETE', url: item, status: 400, ...broken },
  { why: 'broken JSON on reserve', method: 'POST', url: `${item}/reserve`, status: 400, ...broken },
  {
    why: 'text on DELETE',
    method: 'DELETE',
    url: cart,
    status: 415,
    raw: 'all of it',
    headers: { 'content-type': 'text/plain' },
  },
]
