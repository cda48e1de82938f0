/** A browser, as far as sign-in needs one: a cookie, and forms sent from our own page. */
export function visitor(base: string) {
  let cookie = ''
  const send = async (path: string, method: 'GET' | 'POST') => {
    const headers = { accept: 'text/html', origin: base, 'sec-fetch-site': 'same-origin', cookie }
    // A vendor who is asked for her consent gives it.
    const form = method === 'POST' ? { method, body: new URLSearchParams({ consent: 'yes' }) } : {}
    const response = await fetch(new URL(path, base), { ...form, headers, redirect: 'manual' })
    const set = response.headers.getSetCookie()[0]
    if (set !== undefined) cookie = set.split(';')[0]!
    return {
      status: response.status,
      location: response.headers.get('location'),
      text: await response.text(),
    }
  }
  return {
    get: (path: string) => send(path, 'GET'),
    post: (path: string) => send(path, 'POST'),
    /** Follows redirects to the page they end at. */
    async open(path: string) {
      let answer = await send(path, 'GET')
      let address = path
      for (let hops = 0; answer.location !== null && hops < 5; hops += 1) {
        address = answer.location
        answer = await send(address, 'GET')
      }
      return { ...answer, address }
    },
  }
}
