// Ids in paths, as they arrive: decoded first, then checked.
import { type BadRequest, cart, items, lamp } from './bad-request.ts'

const neverDecodes: Readonly<Record<string, string>> = {
  'a lone percent sign': '%',
  'half an escape': 'a%4',
  'no hexadecimal': '%zz',
  'an escape of JavaScript': '%u0041',
  'a stray continuation byte': '%80',
  'an overlong NUL': '%C0%80',
  'an overlong slash in two bytes': '%C0%AF',
  'an overlong slash in three bytes': '%E0%80%AF',
  'an overlong slash in four bytes': '%F0%80%80%AF',
  'a high surrogate': '%ED%A0%80',
  'a low surrogate': '%ED%B0%80',
  'a pair of surrogates': '%ED%A0%BD%ED%B8%80',
  'beyond Unicode': '%F4%90%80%80',
  'a byte that UTF-8 has not': '%FF',
  'a sequence cut off': 'a%E2%82',
  'a sequence broken off': '%C3%28',
}

const neverAnId: Readonly<Record<string, string>> = {
  NUL: '%00',
  'NUL inside': 'a%00b',
  'a space before': '%20a',
  'a space behind': 'a%20',
  'a space inside': 'a%20b',
  'only a space': '%20',
  'a tab': 'a%09b',
  'a line feed': 'a%0A',
  'a header split': 'a%0D%0Ax-evil:1',
  escape: '%1B%5B31m',
  delete: 'a%7F',
  'a control character of Latin-1': '%C2%85',
  'a letter outside ASCII': 'j%C3%B6rg',
  'the same letter, not escaped': 'jörg',
  'a letter that looks like a': '%D0%B0nn',
  'a no-break space': 'a%C2%A0b',
  'a space without width': 'a%E2%80%8Bb',
  'a change of direction': 'a%E2%80%AEb',
  'a byte order mark': '%EF%BB%BFann',
  'an emoji': '%F0%9F%9B%92',
  'the replacement character': '%EF%BF%BD',
  '129 characters': 'x'.repeat(129),
  '129 characters, escaped': '%78'.repeat(129),
  '8,000 characters': 'x'.repeat(8_000),
  'more than the router takes': 'x'.repeat(17_000),
}

/** In ids that the service makes these are not looked at closely: such an id is just unknown. */
const neverAUser: Readonly<Record<string, string>> = {
  'a slash': '%2F',
  'a slash inside': 'ann%2Fitems',
  'a way up': '..%2Fbob',
  'a backslash': 'a%5Cb',
  'a question mark': 'a%3Fb',
  'a hash': 'a%23b',
  'a percent sign': 'a%25b',
  'an escape of an escape': 'a%252Fb',
  'a quotation mark': '%22ann%22',
  'angle brackets': '%3Cscript%3E',
  braces: '%7Bann%7D',
  'a caret': 'a%5Eb',
  'a back-tick': '%60id%60',
  'an injection': 'ann%22--',
}

const request = (method: string, url: string) => {
  const body = method === 'PATCH' ? { quantity: 1 } : lamp
  const hasBody = method === 'PATCH' || url.endsWith('/items')
  return { method, url, ...(hasBody && { body }) }
}

const of = (
  what: string,
  ids: Readonly<Record<string, string>>,
  status: number,
  ...requests: readonly (readonly [string, (id: string) => string])[]
): BadRequest[] =>
  Object.entries(ids).flatMap(([why, id]) =>
    requests.map(([method, url]) => ({
      why: `${what}: ${why}, ${method}`,
      status,
      ...request(method, url(id)),
    })),
  )

const getCart = ['GET', (id: string) => `/v1/cart/${id}`] as const
const addItem = ['POST', (id: string) => `/v1/cart/${id}/items`] as const
const clearCart = ['DELETE', (id: string) => `/v1/cart/${id}`] as const
const getJournal = ['GET', (id: string) => `/v1/cart/${id}/journal`] as const
const getItem = ['GET', (id: string) => `${items}/${id}`] as const
const setItem = ['PATCH', (id: string) => `${items}/${id}`] as const
const removeItem = ['DELETE', (id: string) => `${items}/${id}`] as const
const reserveItem = ['POST', (id: string) => `${items}/${id}/reserve`] as const
const requeueJob = ['POST', (id: string) => `/v1/admin/jobs/${id}/requeue`] as const

export const badIds: readonly BadRequest[] = [
  ...of('user id', { ...neverDecodes, ...neverAnId }, 400, getCart, addItem),
  ...of('user id', neverAUser, 400, addItem, clearCart),
  ...of('user id', { NUL: '%00', 'a slash': 'a%2Fb' }, 400, getJournal),
  ...of('item id', { ...neverDecodes, ...neverAnId }, 400, setItem),
  ...of('item id', { NUL: '%00', 'a space': 'a%20b' }, 400, getItem, removeItem, reserveItem),
  ...of('item id', neverAUser, 404, removeItem),
  ...of('job id', { NUL: '%00', 'a space': 'a%20b', 'a letter': '%C3%B6' }, 400, requeueJob),
  ...of('job id', { 'a dot': 'x.release', 'a slash': 'a%2Fb' }, 404, requeueJob),
  { why: 'no user id', method: 'GET', url: '/v1/cart/', status: 400 },
  { why: 'no user id to add to', method: 'POST', url: '/v1/cart//items', status: 400, body: lamp },
  { why: 'no user id, slash escaped', method: 'GET', url: '/v1/cart/%2F', status: 400 },
  { why: 'no item id', method: 'GET', url: `${items}/`, status: 400 },
  {
    why: 'no item id to set',
    method: 'PATCH',
    url: `${items}/`,
    status: 400,
    body: { quantity: 1 },
  },
  { why: 'no item id to remove', method: 'DELETE', url: `${items}/`, status: 400 },
  { why: 'no item id to reserve', method: 'POST', url: `${items}//reserve`, status: 400 },
  { why: 'a slash too many', method: 'GET', url: `${cart}/`, status: 404 },
  { why: 'an escaped route', method: 'GET', url: '/v1%2Fcart%2Fann', status: 404 },
  { why: 'an escaped journal', method: 'GET', url: `${cart}%2Fjournal`, status: 400 },
  { why: 'a path of escapes that end nowhere', method: 'GET', url: '/%E0%A4%A', status: 400 },
  { why: 'another spelling of the route', method: 'GET', url: '/V1/CART/ann', status: 404 },
]
