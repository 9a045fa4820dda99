// Bodies of several operations in one step.
import { type BadRequest, cart } from './bad-request.ts'

const raw = (why: string, text: string, status = 400): BadRequest => ({
  why: `operations: ${why.slice(0, 80)}`,
  method: 'POST',
  url: `${cart}/operations`,
  status,
  raw: text,
})

const add = '{"op":"add","product_id":"lamp","quantity":1}'
const clear = '{"op":"clear"}'
const known = '"item_id":"known"'

const badMembers = [
  ...['null', '1', '"add"', '"clear"', '[]', '[{"op":"clear"}]', '{}', 'true'],
  // The name of the operation.
  ...['{"op":null}', '{"op":1}', '{"op":""}', '{"op":["clear"]}', '{"op":{"clear":1}}'],
  ...[
    '{"op":"Clear"}',
    '{"op":"clear "}',
    '{"op":"merge"}',
    '{"op":"reserve"}',
    '{"op":"toString"}',
  ],
  ...['{"type":"clear"}', '{"op":"clear","op":"merge"}', '{"OP":"clear"}'],
  // Members that belong to another operation, or to none.
  ...[`{"op":"clear",${known}}`, '{"op":"clear","quantity":0}', '{"op":"clear","all":true}'],
  ...[`{"op":"remove",${known},"quantity":1}`, '{"op":"remove","product_id":"lamp"}'],
  ...[`{"op":"add",${known},"quantity":1}`, `{"op":"set",${known},"quantity":1,"name":"x"}`],
  ...[`{"op":"add","product_id":"lamp","quantity":1,${known}}`],
  ...['{"op":"clear","__proto__":{}}', '{"op":"clear","constructor":{"prototype":{}}}'],
  // What is missing.
  ...['{"op":"add"}', '{"op":"add","quantity":1}', '{"op":"add","product_id":"lamp"}'],
  ...['{"op":"set"}', `{"op":"set",${known}}`, '{"op":"set","quantity":1}', '{"op":"remove"}'],
  // What is there, but invalid.
  ...[`{"op":"set",${known},"quantity":-1}`, `{"op":"set",${known},"quantity":"1"}`],
  ...[`{"op":"set",${known},"quantity":1.5}`, `{"op":"set",${known},"quantity":10000}`],
  ...[
    '{"op":"remove","item_id":""}',
    '{"op":"remove","item_id":1}',
    '{"op":"remove","item_id":null}',
  ],
  ...['{"op":"remove","item_id":"a b"}', '{"op":"remove","item_id":"a\\u0000"}'],
  ...['{"op":"remove","item_id":"ü"}', `{"op":"remove","item_id":"${'x'.repeat(129)}"}`],
  ...['{"op":"add","product_id":"","quantity":1}', '{"op":"add","product_id":"lamp","quantity":0}'],
  ...['{"op":"add","product_id":"lamp","quantity":1,"attributes":[]}'],
  ...[`{"op":"add","product_id":"lamp","quantity":1,"attributes":{"a":"${'x'.repeat(2_041)}"}}`],
]

const badRoots = [
  ...['{}', '[]', 'null', `[${add}]`, add, '{"operations":null}', '{"operations":{}}'],
  ...[
    '{"operations":"clear"}',
    '{"operations":[]}',
    `{"operations":${add}}`,
    `{"operations":{"0":${add}}}`,
  ],
  ...[`{"Operations":[${add}]}`, `{"operations":[${add}],"atomic":false}`, `{"operations":[${add}`],
  ...[`{"operations":[${add},]}`, `{"operations":[${add}]}]`, `{"operation":${add}}`],
]

const hundredProducts = Array.from({ length: 100 }, (_, n) => add.replace('lamp', `p${n}`))
const unknown = '{"op":"remove","item_id":"nope"}'

export const badOperations: readonly BadRequest[] = [
  ...badRoots.map((text) => raw(text, text)),
  // First a valid operation: it must not be carried out either.
  ...badMembers.map((text) => raw(text, `{"operations":[${add},${text}]}`)),
  raw('101 of them', `{"operations":[${Array(101).fill(clear).join(',')}]}`),
  raw('1,000 of them', `{"operations":[${Array(1_000).fill(clear).join(',')}]}`),
  raw('more than fits a body', `{"operations":[${Array(3_000).fill(add).join(',')}]}`, 413),
  raw('an unknown item', `{"operations":[${add},${unknown}]}`, 404),
  raw('an unknown item first', `{"operations":[${unknown},${clear}]}`, 404),
  raw(
    'an item that an operation before removes',
    `{"operations":[{"op":"remove",${known}},{"op":"set",${known},"quantity":1}]}`,
    404,
  ),
  raw(
    'units beyond the limit, by their sum',
    `{"operations":[${add.replace('1}', '9999}')},${add}]}`,
    422,
  ),
  raw(
    'items beyond the limit',
    `{"operations":[${hundredProducts.join(',')}]}`,
    // Only so in a cart that is nearly full: the test fills it.
    422,
  ),
]
