// Loaded before the server (`node --import`), so that it asks the fake history where it would ask a source's own API.
// No setting of the product, which gives a source's token to nobody but that source.
import { divert } from './fake-history.ts'

globalThis.fetch = await divert(globalThis.fetch, process.env['FAKE_HISTORY'] ?? '')
