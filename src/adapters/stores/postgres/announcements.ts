// Announces to the other processes that jobs are due, and listens for their announcements; what gets lost is
// found by their polls. Not in the commits: a transaction that notifies makes every other one that does wait.
import type { Database } from './database.ts'

export type Announcements = {
  /** Soon, and once for many calls. */
  announce(): void
  /** Its connection is closed with the database. */
  close(): void
}

const channel = 'cart_jobs'
const everyMs = 20
const reconnectMs = 1_000

export const openAnnouncements = (database: Database, onHeard: () => void): Announcements => {
  const listener = listen(database, onHeard)
  let timer: NodeJS.Timeout | null = null
  let isDue = false
  const notify = () => {
    timer = setTimeout(() => {
      timer = null
      if (isDue) notify()
    }, everyMs)
    isDue = false
    // The polls of the others find the jobs without it.
    database.query({ name: 'announce', text: `notify ${channel}` }, []).catch(() => {})
  }
  return {
    announce: () => {
      isDue = true
      if (timer === null) notify()
    },
    close: () => {
      if (timer !== null) clearTimeout(timer)
      listener.close()
    },
  }
}

const listen = (database: Database, onHeard: () => void): { close(): void } => {
  let isOpen = true
  let timer: NodeJS.Timeout | null = null

  const connect = async () => {
    try {
      const client = await database.openClient()
      client.on('error', () => {})
      client.on('end', again)
      client.on('notification', onHeard)
      try {
        await client.query(`listen ${channel}`)
        // What was announced meanwhile went by unheard.
        if (isOpen) onHeard()
        else await client.end()
      } catch {
        // Its end is heard, and another one opened.
        await client.end()
      }
    } catch {
      again()
    }
  }
  const again = () => {
    if (!isOpen || timer !== null) return
    timer = setTimeout(() => {
      timer = null
      void connect()
    }, reconnectMs)
  }
  void connect()
  return {
    close: () => {
      isOpen = false
      if (timer !== null) clearTimeout(timer)
    },
  }
}
