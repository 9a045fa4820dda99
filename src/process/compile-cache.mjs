// Preloaded before anything is read as TypeScript: keeps what Node makes of the sources on disk, so that
// later starts load no compiler. JavaScript, since TypeScript here would load it for this very file.
import { enableCompileCache, flushCompileCache } from 'node:module'

const { directory } = enableCompileCache()
if (directory !== undefined) {
  // For the thread of the store.
  process.env.NODE_COMPILE_CACHE ??= directory
  // A process that is killed flushes nothing.
  setTimeout(flushCompileCache, 2_000).unref()
}
