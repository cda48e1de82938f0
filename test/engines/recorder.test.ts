import { expect, it } from 'vitest'
import { startRecorder } from '../../server/storage/recorder.ts'
import { newDatabase } from '../test-store.ts'

it('a recording thread that dies fails what it was given and no more, and the next batch has another one', async () => {
  const { url, drop } = await newDatabase('sqlite')
  const recorder = startRecorder(url, 'file:///no/such/rules.ts')
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await expect(recorder.record([])).rejects.toThrow(/no\/such\/rules/)
  }
  await recorder.close()
  await drop()
})
