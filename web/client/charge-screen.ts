/** The full screen over the keypad; the phone stays awake while it is there. */
export class ChargeScreen {
  readonly #dialog: HTMLDialogElement
  #lock: Promise<WakeLockSentinel | undefined> | undefined

  constructor(dialog: HTMLDialogElement) {
    this.#dialog = dialog
    dialog.addEventListener('close', () => this.#sleep())
    // Leaving the page takes the lock away; coming back asks for it again.
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible' && dialog.open) this.#wake()
    })
  }

  get open() {
    return this.#dialog.open
  }

  shows(face: string) {
    return this.#dialog.open && this.#dialog.dataset.face === face
  }

  /** Shows one of its faces: `code`, or the look of a verdict. */
  show(face: string) {
    this.#dialog.dataset.face = face
    if (!this.#dialog.open) this.#dialog.showModal()
    this.#wake()
  }

  close() {
    this.#dialog.close()
  }

  #wake() {
    this.#sleep()
    // Refused when the battery is low: the code is still there, it only dims sooner.
    this.#lock = navigator.wakeLock?.request('screen').catch(() => undefined)
  }

  #sleep() {
    void this.#lock?.then((lock) => lock?.release())
    this.#lock = undefined
  }
}
