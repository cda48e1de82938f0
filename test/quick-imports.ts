import { registerHooks } from 'node:module'

/**
 * Loaded first by every test process and all that it starts. Node parses a package's `exports` again for each of the
 * package's files; drizzle-orm's are 180 KB for 146 files, half of what a short command takes. Its files name each
 * other by relative paths and are modules, so nothing need be looked up.
 */
registerHooks({
  resolve(specifier, context, next) {
    const { parentURL } = context
    if (!specifier.startsWith('.') || !parentURL?.includes('/node_modules/drizzle-orm/'))
      return next(specifier, context)
    if (!specifier.endsWith('.js') || parentURL.endsWith('.cjs')) return next(specifier, context)
    return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true }
  },
})
