// A connection to PostgreSQL for what tests do beside the service.
import { Client } from 'pg'

export interface Sql extends AsyncDisposable {
  /** Rows as lists of values. */
  query(text: string, values?: readonly unknown[]): Promise<readonly (readonly unknown[])[]>
}

export const openSql = async (url: string): Promise<Sql> => {
  const client = new Client(url)
  // A connection that breaks also fails the query, which is where it is noticed.
  client.on('error', () => {})
  await client.connect()
  return {
    query: async (text, values = []) =>
      (await client.query<unknown[]>({ text, values: [...values], rowMode: 'array' })).rows,
    [Symbol.asyncDispose]: () => client.end(),
  }
}
