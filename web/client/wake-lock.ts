/** Keeps the screen on while the page is seen. `report` hears whether it works, each time that changes. */
export function keepAwake(report: (awake: boolean) => void) {
  const ask = async () => {
    if (document.visibilityState !== 'visible') return
    try {
      const lock = await navigator.wakeLock.request('screen')
      report(true)
      lock.addEventListener('release', () => report(false), { once: true })
    } catch {
      // No such thing on plain http or on an old phone; refused on a low battery.
      report(false)
    }
  }
  // The browser takes it away with every page that goes out of sight.
  document.addEventListener('visibilitychange', () => void ask())
  void ask()
}
