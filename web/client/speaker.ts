type ClipTimes = Record<string, [startMs: number, durationMs: number]>

interface Voice {
  sound: AudioBuffer
  times: ClipTimes
}

const CHIME = [
  { hertz: 660, at: 0 },
  { hertz: 880, at: 0.16 },
]
const CHIME_SECONDS = 0.5

/** A payment does not wait longer than this for a voice that is still on its way: then the chime is all. */
const VOICE_WAIT_MS = 3000

/** The phone's loudspeaker: a chime of two notes, then recorded words laid end to end on the audio clock. */
export class Speaker {
  readonly #context = new AudioContext()
  readonly #clipsUrl: string
  readonly #clipMapUrl: string
  #voice: Promise<Voice> | undefined
  /** Ends when nothing sounds: two voices at once are none. */
  #turn: Promise<void> = Promise.resolve()

  constructor(clipsUrl: string, clipMapUrl: string, changed: () => void) {
    this.#clipsUrl = clipsUrl
    this.#clipMapUrl = clipMapUrl
    this.#context.addEventListener('statechange', changed)
  }

  get on() {
    return this.#context.state === 'running'
  }

  /** Browsers allow this only in answer to a tap. */
  turnOn() {
    return this.#context.resume()
  }

  /** Fetches the recorded words, once; a failure is tried again the next time they are needed. */
  load(): Promise<Voice> {
    this.#voice ??= this.#fetchVoice().catch((error: unknown) => {
      this.#voice = undefined
      throw error
    })
    return this.#voice
  }

  /**
   * Chime and words, after whatever sounds now. `scheduled` is called when the sound is on the clock, the promise
   * ends with the sound.
   */
  say(words: readonly string[], scheduled = () => {}): Promise<void> {
    const turn = this.#turn.then(() => this.#sound(words, scheduled))
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #sound(words: readonly string[], scheduled: () => void) {
    const voice = words.length > 0 ? await this.#voiceInTime() : undefined
    const start = this.#context.currentTime + 0.05
    let last: AudioScheduledSourceNode | undefined = this.#chime(start)
    let at = start + CHIME_SECONDS
    for (const word of words) {
      const slice = voice?.times[word]
      if (!voice || !slice) continue
      const [from, duration] = [slice[0] / 1000, slice[1] / 1000]
      const source = new AudioBufferSourceNode(this.#context, { buffer: voice.sound })
      source.connect(this.#context.destination)
      source.start(at, from, duration)
      at += duration
      last = source
    }
    scheduled()
    await new Promise((ended) => last?.addEventListener('ended', ended, { once: true }))
  }

  #chime(start: number) {
    return CHIME.map(({ hertz, at }) => {
      const note = new OscillatorNode(this.#context, { type: 'sine', frequency: hertz })
      const loudness = new GainNode(this.#context, { gain: 0 })
      // A struck bell: there at once, fading away.
      loudness.gain.setValueAtTime(0.5, start + at)
      loudness.gain.exponentialRampToValueAtTime(0.001, start + at + 0.32)
      note.connect(loudness).connect(this.#context.destination)
      note.start(start + at)
      note.stop(start + at + 0.32)
      return note
    }).at(-1)
  }

  async #fetchVoice(): Promise<Voice> {
    const [clips, map] = await Promise.all([fetch(this.#clipsUrl), fetch(this.#clipMapUrl)])
    if (!clips.ok || !map.ok) throw new Error('The voice could not be fetched')
    const sound = await this.#context.decodeAudioData(await clips.arrayBuffer())
    const times: ClipTimes = await map.json()
    return { sound, times }
  }

  #voiceInTime() {
    const tooLate = new Promise<undefined>((resolve) => setTimeout(resolve, VOICE_WAIT_MS))
    return Promise.race([this.load().catch(() => undefined), tooLate])
  }
}
