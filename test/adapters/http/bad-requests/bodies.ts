// Bodies of additions and of new quantities.
import { gzipSync } from 'node:zlib'
import { type BadRequest, item, items } from './bad-request.ts'

const post = (why: string, raw: string | Buffer, status = 400): BadRequest => ({
  why: `add: ${why}`,
  method: 'POST',
  url: items,
  status,
  raw,
})

const patch = (raw: string): BadRequest => ({
  why: `set: ${raw.slice(0, 60)}`,
  method: 'PATCH',
  url: item,
  status: 400,
  raw,
})

const badQuantities = [
  ...['"2"', '""', '"two"', 'null', 'true', 'false', '[]', '[1]', '{}', '{"value":1}'],
  ...['0', '-0', '-1', '0.5', '1.5', '1.0000000000000002', '1e-5', '-1e309', '1e309', '1e400'],
  ...['10000', '99999', '2147483648', '9007199254740993', '1e10', '18446744073709551617'],
  // Not numbers in JSON.
  ...[
    'NaN',
    'Infinity',
    '-Infinity',
    '0x10',
    '01',
    '+1',
    '1.',
    '.5',
    '1e',
    '1_000',
    "'1'",
    'undefined',
  ],
]

const badTexts = [
  ...['null', '1', '1.5', 'true', '[]', '["lamp"]', '{}', '{"id":"lamp"}'],
  ...[
    '""',
    '" "',
    '" lamp"',
    '"lamp "',
    '"\\tlamp"',
    '"lamp\\n"',
    '"\\u00a0lamp"',
    '"lamp\\u2003"',
  ],
  ...['"\\ufefflamp"', '"lamp\\u3000"', '"\\u2028"', '"\\u2029lamp"'],
  ...['"la\\tmp"', '"la\\nmp"', '"la\\rmp"', '"\\u0000"', '"la\\u0000mp"', '"la\\u0001mp"'],
  ...['"la\\u001bmp"', '"la\\u007fmp"', '"la\\u0085mp"', '"la\\u009fmp"', '"\\b"', '"a\\fb"'],
  ...['"\\ud800"', '"\\udc00"', '"la\\ud83dmp"', '"\\udca1\\ud83d"', '"\\ud83d\\ud83d\\udca1"'],
]

const long = (length: number, what = 'x') => `"${what.repeat(length)}"`
const productIds = [...badTexts, long(129), long(129, '💡'), long(129, '\\u0041'), long(60_000)]
const names = [...badTexts.filter((text) => text !== 'null'), long(257), long(257, '茶')]

const nested = (depth: number, open: string, close: string) =>
  open.repeat(depth) + close.repeat(depth)

const attributes = [
  ...['null', '[]', '"red"', '1', 'true', '[{"a":1}]'],
  ...['{"a":1e999}', '{"a":-1e999}', '{"a":[1,{"b":1e309}]}'],
  ...['{"a":"\\u0000"}', '{"\\u0000":1}', '{"a":["\\ud800"]}', '{"\\udfff":1}', '{"a\\u0000b":{}}'],
  ...[
    '{"__proto__":1}',
    '{"__proto__":{"x":1}}',
    '{"a":{"__proto__":null}}',
    '{"\\u005f_proto__":1}',
  ],
  ...['{"constructor":{"prototype":{"x":1}}}', '{"a":[{"constructor":{"prototype":1}}]}'],
  // The body is level 1, the attributes are level 2.
  ...[`{"a":${nested(7, '[', ']')}}`, `${'{"a":'.repeat(8)}{}${'}'.repeat(8)}`],
  ...[`{"a":${nested(500, '[', ']')}}`, `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`],
  ...[`{"a":"${'x'.repeat(2_041)}"}`, `{"a":"${'茶'.repeat(681)}"}`, `{${'x'.repeat(3_000)}}`],
  `{${Array.from({ length: 400 }, (_, n) => `"k${n}":1`).join(',')}}`,
]

const strangers = [
  ...['"price":1', '"unit_price":null', '"productId":"a"', '"Quantity":1', '"qty":1', '"id":"x"'],
  ...['"item_id":"x"', '"op":"add"', '"":1', '"reservation":{}', '"user_id":"bob"', '"toString":1'],
  ...['"__proto__":{"quantity":9}', '"__proto__":null', '"constructor":{"prototype":{}}'],
  ...['"constructor":"x"', '"hasOwnProperty":1', '" quantity":1', '"quantity\\u0000":1'],
]

const noDocument: Readonly<Record<string, string>> = {
  nothing: '',
  space: ' \r\n\t ',
  null: 'null',
  'a number': '1',
  'a text': '"lamp"',
  'a list': '[]',
  'a list of one': '[{"product_id":"a","quantity":1}]',
  'an empty object': '{}',
  'an open brace': '{',
  'a closing brace': '}',
  'cut off in a name': '{"product_',
  'cut off in a text': '{"product_id":"lam',
  'cut off behind a colon': '{"product_id":',
  'cut off before the end': '{"product_id":"lamp","quantity":1',
  'a comma too many': '{"product_id":"lamp","quantity":1,}',
  'a comma too few': '{"product_id":"lamp" "quantity":1}',
  'single quotes': "{'product_id':'lamp','quantity':1}",
  'names without quotes': '{product_id:"lamp",quantity:1}',
  'a comment': '{"product_id":"lamp","quantity":1}/* two */',
  'two documents': '{"product_id":"lamp","quantity":1}{"product_id":"lamp","quantity":1}',
  'lines of documents': '{"product_id":"lamp","quantity":1}\n{"product_id":"lamp","quantity":1}\n',
  'NUL behind it': '{"product_id":"lamp","quantity":1}\0',
  'NUL within': '{"product_id":"la\0mp","quantity":1}',
  'a line feed in a text': '{"product_id":"la\nmp","quantity":1}',
  'an escape of C': '{"product_id":"\\x41","quantity":1}',
  'an escape cut off': '{"product_id":"\\u12","quantity":1}',
  'two byte order marks': '\ufeff\ufeff{"product_id":"lamp","quantity":1}',
  'a byte order mark alone': '\ufeff',
  'a prefix against hijacking': ')]}\',\n{"product_id":"lamp","quantity":1}',
  'a form': 'product_id=lamp&quantity=1',
  XML: '<item><product_id>lamp</product_id></item>',
  'an answer instead of a request': '{"user_id":"ann","version":1,"items":[]}',
  '30,000 open brackets': '['.repeat(30_000),
  '10,000 lists in lists': nested(10_000, '[', ']'),
  '9,000 objects in objects': '{"a":'.repeat(9_000),
}

const good = '{"product_id":"lamp","quantity":1}'
const within = (bytes: string) =>
  Buffer.concat([
    Buffer.from('{"product_id":"a'),
    Buffer.from(bytes, 'hex'),
    Buffer.from('","quantity":1}'),
  ])

const badBytes: Readonly<Record<string, Buffer>> = {
  'UTF-16': Buffer.from(good, 'utf16le'),
  'UTF-16 with its mark': Buffer.concat([Buffer.from('fffe', 'hex'), Buffer.from(good, 'utf16le')]),
  'UTF-32': Buffer.from([...good].flatMap((c) => [c.charCodeAt(0), 0, 0, 0])),
  'Latin-1': Buffer.from('{"product_id":"Kaffeem\xfchle","quantity":1}', 'latin1'),
  gzip: gzipSync(good),
  'a byte that UTF-8 has not': within('ff'),
  'a stray continuation byte': within('80'),
  'an overlong NUL': within('c080'),
  'an overlong slash': within('e080af'),
  'a surrogate': within('eda080'),
  'beyond Unicode': within('f4908080'),
  'a sequence cut off': within('e282'),
  'the end of a sequence missing': Buffer.concat([Buffer.from(good), Buffer.from('c3', 'hex')]),
}

const tooLarge: readonly BadRequest[] = [
  post('64 KiB and a byte', good.padEnd(65_537), 413),
  post('64 KiB and a byte that is no JSON', 'x'.repeat(65_537), 413),
  post('a megabyte', `{"product_id":"${'x'.repeat(2 ** 20)}","quantity":1}`, 413),
]

export const badBodies: readonly BadRequest[] = [
  ...badQuantities.map((text) =>
    post(`quantity ${text}`, `{"product_id":"lamp","quantity":${text}}`),
  ),
  ...productIds.map((text) =>
    post(`product_id ${text.slice(0, 40)}`, `{"product_id":${text},"quantity":1}`),
  ),
  ...names.map((text) =>
    post(`name ${text.slice(0, 40)}`, `{"product_id":"lamp","quantity":1,"name":${text}}`),
  ),
  ...attributes.map((text) =>
    post(
      `attributes ${text.slice(0, 40)}`,
      `{"product_id":"lamp","quantity":1,"attributes":${text}}`,
    ),
  ),
  ...strangers.map((member) =>
    post(`with ${member}`, `{"product_id":"lamp","quantity":1,${member}}`),
  ),
  post('no product', '{"quantity":1}'),
  post('no quantity', '{"product_id":"lamp"}'),
  post(
    'a quantity that is none under the last of two names',
    '{"product_id":"a","quantity":1,"quantity":0}',
  ),
  ...Object.entries(noDocument).map(([why, raw]) => post(why, raw)),
  ...Object.entries(badBytes).map(([why, raw]) => post(why, raw)),
  ...tooLarge,
  ...badQuantities
    .filter((text) => text !== '0' && text !== '-0')
    .map((text) => patch(`{"quantity":${text}}`)),
  ...['', 'null', '[]', '1', '"1"', '{}', '[{"quantity":1}]', '{"quantity":1,}'].map(patch),
  ...['"item_id":"x"', '"product_id":"lamp"', '"delta":1', '"__proto__":{}'].map((member) =>
    patch(`{"quantity":2,${member}}`),
  ),
]
