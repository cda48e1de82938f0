/**
 * Makes the voice: every clip of CLIPS into web/voice/clips.mp3 and clips.json, and the consent text read aloud into
 * consent.mp3 and consent.json. `node scripts/make-clips.ts`
 */

import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
// @ts-expect-error The package carries no types; `Espeak` below is what we use of it.
import createEspeak from '@echogarden/espeak-ng-emscripten'
import { createMp3Encoder } from 'wasm-media-encoders'
import { CONSENT_TEXT_VERSION, consentSpeech } from '../shared/consent-text.ts'
import { CLIPS } from '../shared/spoken-amount.ts'

interface Espeak {
  eSpeakNGWorker: new () => {
    set_voice(name: string): number
    set_rate(wordsPerMinute: number): void
    get_samplerate(): number
    synthesize(text: string, onAudio: (audio: Int16Array) => boolean): void
  }
}

const VOICE_FOLDER = join(import.meta.dirname, '../web/voice')
const SAMPLE_RATE = 24_000

/** The words of an amount clearly, a whole page of consent small. */
const OF_CLIPS = { outputSampleRate: SAMPLE_RATE, bitrate: 24 } as const
const OF_CONSENT = { outputSampleRate: 16_000, bitrate: 16 } as const

/** LAME starts 576 samples late and every decoder 529 more: a decoded sprite lags by this much. */
const CODEC_DELAY_SAMPLES = 576 + 529

/** Silence between clips, more than three mp3 frames long: what one smears does not reach the next word. */
const GAP = new Float32Array(samples(80))

/** What is quieter than this part of a clip's peak, before and after the word, is cut off … */
const SILENCE = 0.02
/** … except for this much, so that a soft consonant keeps its start. */
const KEPT_MS = 10

/** Every clip is brought to one loudness (root mean square), as far as its peak allows. */
const LOUDNESS = 0.14
const PEAK = 0.9

/** Unhurried, and every amount of whole thousands below a million is still said within two seconds. */
const WORDS_PER_MINUTE = 210
/** What she agrees to is said slower: she hears it once. */
const CONSENT_WORDS_PER_MINUTE = 180

function samples(ms: number): number {
  return Math.round((ms * SAMPLE_RATE) / 1000)
}

/** Two low notes: what is wrong is heard before the first word. */
const ALARM_HERTZ = [220, 165]
const NOTE_MS = 160

function milliseconds(count: number): number {
  return Math.round((count * 1000) / SAMPLE_RATE)
}

function floats(pcm: Int16Array): Float32Array {
  return Float32Array.from(pcm, (sample) => sample / 32768)
}

/** Windowed-sinc resampling to SAMPLE_RATE; going down, it filters what would fold back. */
function resample(input: Float32Array, inputRate: number): Float32Array {
  const step = inputRate / SAMPLE_RATE
  const cutoff = Math.min(1, 1 / step)
  const reach = Math.ceil(16 / cutoff)
  return Float32Array.from({ length: Math.floor(input.length / step) }, (_, i) => {
    const centre = i * step
    let sum = 0
    for (let j = Math.ceil(centre - reach); j <= centre + reach; j += 1) {
      const x = centre - j
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * cutoff * x) / (Math.PI * cutoff * x)
      const hann = 0.5 + 0.5 * Math.cos((Math.PI * x) / reach)
      sum += (input[j] ?? 0) * cutoff * sinc * hann
    }
    return sum
  })
}

function alarm(): Float32Array {
  const note = samples(NOTE_MS)
  return Float32Array.from({ length: note * ALARM_HERTZ.length }, (_, i) => {
    const hertz = ALARM_HERTZ[Math.floor(i / note)] ?? 0
    const fade = Math.sin((Math.PI * (i % note)) / note)
    // With its third harmonic: a small loudspeaker has no bass.
    const phase = (2 * Math.PI * hertz * i) / SAMPLE_RATE
    return fade * 0.4 * (Math.sin(phase) + 0.6 * Math.sin(3 * phase))
  })
}

/** The word alone, as loud as the others: silence cut off, ends faded. */
function tidy(audio: Float32Array, name: string): Float32Array {
  const peak = audio.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0)
  if (peak === 0) throw new Error(`Clip ${name} is silent`)
  const sounds = (sample: number) => Math.abs(sample) > peak * SILENCE
  const kept = samples(KEPT_MS)
  const start = Math.max(0, audio.findIndex(sounds) - kept)
  const word = audio.slice(start, audio.findLastIndex(sounds) + 1 + kept)
  const loudness = Math.sqrt(word.reduce((sum, sample) => sum + sample * sample, 0) / word.length)
  const gain = Math.min(LOUDNESS / loudness, PEAK / peak)
  return word.map((sample, i) => sample * gain * Math.min(1, (i + 1) / kept, (word.length - i) / kept))
}

/** A recording of 16-bit PCM, mono, at any sample rate (RIFF WAVE). */
function readWav(path: string): Float32Array {
  const file = readFileSync(path)
  let sampleRate = 0
  for (let at = 12; at + 8 <= file.length;) {
    const kind = file.toString('latin1', at, at + 4)
    const size = file.readUInt32LE(at + 4)
    const body = file.subarray(at + 8, at + 8 + size)
    if (kind === 'fmt ') {
      const [format, channels, bits] = [body.readUInt16LE(0), body.readUInt16LE(2), body.readUInt16LE(14)]
      if (format !== 1 || channels !== 1 || bits !== 16) throw new Error(`${path} is not 16-bit PCM mono`)
      sampleRate = body.readUInt32LE(4)
    }
    if (kind === 'data' && sampleRate > 0) {
      const pcm = Int16Array.from({ length: body.length >> 1 }, (_, i) => body.readInt16LE(i * 2))
      return resample(floats(pcm), sampleRate)
    }
    // Chunks start at even places.
    at += 8 + size + (size % 2)
  }
  throw new Error(`${path} is not a WAV file`)
}

async function createSynthesizer(): Promise<(text: string, wordsPerMinute: number) => Float32Array> {
  const espeak: Espeak = await createEspeak()
  const worker = new espeak.eSpeakNGWorker()
  if (worker.set_voice('vi') !== 0) throw new Error('espeak-ng has no Vietnamese voice')
  return (text, wordsPerMinute) => {
    worker.set_rate(wordsPerMinute)
    const pcm: number[] = []
    worker.synthesize(text, (audio) => {
      for (const sample of audio) pcm.push(sample)
      return false
    })
    return resample(floats(Int16Array.from(pcm)), worker.get_samplerate())
  }
}

async function encodeMp3(
  audio: Float32Array,
  encoding: typeof OF_CLIPS | typeof OF_CONSENT,
): Promise<Buffer> {
  const encoder = await createMp3Encoder()
  encoder.configure({ channels: 1, sampleRate: SAMPLE_RATE, ...encoding })
  // The encoder reuses its output buffer: each part is copied before the next call.
  return Buffer.concat([Buffer.from(encoder.encode([audio])), Buffer.from(encoder.finalize())])
}

const synthesize = await createSynthesizer()
const sprite: number[] = []
const places: Record<string, [startMs: number, durationMs: number]> = {}
let recorded = 0

function append(audio: Float32Array): void {
  for (const sample of audio) sprite.push(sample)
}

/** Recorded by a person where there is such a recording, else synthetic. */
function speak(name: string, text: string, wordsPerMinute: number): Float32Array {
  const recording = join(VOICE_FOLDER, 'recordings', `${name}.wav`)
  const isRecorded = existsSync(recording)
  if (isRecorded) recorded += 1
  return tidy(isRecorded ? readWav(recording) : synthesize(text, wordsPerMinute), name)
}

append(GAP)
for (const [name, text] of Object.entries(CLIPS)) {
  const word = speak(name, text, WORDS_PER_MINUTE)
  const clip = name === 'khoan' ? Float32Array.of(...alarm(), ...word) : word
  places[name] = [milliseconds(sprite.length + CODEC_DELAY_SAMPLES), milliseconds(clip.length)]
  append(clip)
  append(GAP)
}

const mp3 = await encodeMp3(Float32Array.from(sprite), OF_CLIPS)
writeFileSync(join(VOICE_FOLDER, 'clips.mp3'), mp3)
writeFileSync(join(VOICE_FOLDER, 'clips.json'), `${JSON.stringify(places)}\n`)

const consent = speak('consent', consentSpeech(), CONSENT_WORDS_PER_MINUTE)
const consentMp3 = await encodeMp3(consent, OF_CONSENT)
/** What the clip reads, for a test to compare with the text as it is now. */
const readOut = {
  textVersion: CONSENT_TEXT_VERSION,
  textSha256: createHash('sha256').update(consentSpeech()).digest('hex'),
  durationMs: milliseconds(consent.length),
}
writeFileSync(join(VOICE_FOLDER, 'consent.mp3'), consentMp3)
writeFileSync(join(VOICE_FOLDER, 'consent.json'), `${JSON.stringify(readOut)}\n`)
console.log(
  `${Object.keys(places).length} clips, ${mp3.length} bytes; consent, ${readOut.durationMs} ms, ${consentMp3.length} bytes; ${recorded} recorded by a person`,
)
