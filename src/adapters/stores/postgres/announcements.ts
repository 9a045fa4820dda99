// Tells the other processes that jobs are due, and hears it from them; what gets lost is found by their
// polls. Apart from the commits: a notification in a transaction keeps all others with one waiting.
import type { Database } from './database.ts'

export type Announcements = {
  /** Soon, and once for many calls. */
  announce(): void
  close(): Promise<void>
}

const channel = 'cart_jobs'
const everyMs = 20
const reconnectMs = 1_000

export const openAnnouncements = (database: Database, onHeard: () => void): Announcements => {
  const listener = listen(database, onHeard)
  let timer: NodeJS.Timeout | null = null
  let isDue = false
  const tell = () => {
    timer = setTimeout(() => {
      timer = null
      if (isDue) tell()
    }, everyMs)
    isDue = false
    // The polls of the others find the jobs without it.
    database.query({ name: 'announce', text: `notify ${channel}` }, []).catch(() => {})
  }
  return {
    announce: () => {
      isDue = true
      if (timer === null) tell()
    },
    close: async () => {
      if (timer !== null) clearTimeout(timer)
      await listener.close()
    },
  }
}

const listen = (database: Database, onHeard: () => void) => {
  let isOpen = true
  let client: Awaited<ReturnType<Database['openClient']>> | null = null
  let timer: NodeJS.Timeout | null = null

  const connect = async () => {
    try {
      const connected = await database.openClient()
      connected.on('error', () => {})
      connected.on('end', again)
      connected.on('notification', onHeard)
      client = connected
      if (!isOpen) return await connected.end()
      await connected.query(`listen ${channel}`)
      // What was announced meanwhile went by unheard.
      onHeard()
    } catch {
      again()
    }
  }
  const again = () => {
    client = null
    if (!isOpen || timer !== null) return
    timer = setTimeout(() => {
      timer = null
      void connect()
    }, reconnectMs)
  }
  const connecting = connect()
  return {
    close: async () => {
      isOpen = false
      if (timer !== null) clearTimeout(timer)
      await connecting
      await client?.end().catch(() => {})
    },
  }
}
