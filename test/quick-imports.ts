import { registerHooks, type ResolveFnOutput } from 'node:module'

/** Packages whose `.js` files are all modules. */
const OF_MODULES = /\/node_modules\/(drizzle-orm|hono|jose|zod)\//

/** What our own files import from packages, by its name: where it is does not depend on who asks. */
const packages = new Map<string, ResolveFnOutput>()

/**
 * Loaded first by every test process and all that it starts: most of a short command is finding its modules. Node looks
 * for every file on the disk, and parses a package's `exports` again for each file that asks; drizzle-orm's are 180 KB,
 * for 146 files of its own and most of ours. A relative path needs no looking up, and a package only once.
 */
registerHooks({
  resolve(specifier, context, next) {
    const { parentURL, conditions } = context
    if (parentURL === undefined || !conditions.includes('import')) return next(specifier, context)
    const isOurs = !parentURL.includes('/node_modules/')
    const isRelative = specifier.startsWith('.')
    if (isOurs && !isRelative && !specifier.includes(':')) {
      const found = packages.get(specifier) ?? { ...next(specifier, context), shortCircuit: true }
      packages.set(specifier, found)
      return found
    }
    const format =
      isOurs && specifier.endsWith('.ts')
        ? 'module-typescript'
        : OF_MODULES.test(parentURL) && specifier.endsWith('.js')
          ? 'module'
          : undefined
    if (!isRelative || format === undefined) return next(specifier, context)
    return { url: new URL(specifier, parentURL).href, format, shortCircuit: true }
  },
})
