// A name and password in a URL, which HTTP clients leave out of their requests.

/** The header that carries them; none when the URL has none. */
export const authorizationOf = ({ username, password }: URL): Readonly<Record<string, string>> => {
  if (username === '' && password === '') return {}
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
}
