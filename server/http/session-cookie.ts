import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Config } from '../config.ts'

/** `__Host-` binds the cookie to this very host, but browsers take it over https only; plain http is for trying out. */
function cookieName({ publicUrl }: Config): string {
  return publicUrl.startsWith('https:') ? '__Host-session' : 'session'
}

export function readSessionToken(c: Context, config: Config): string | undefined {
  return getCookie(c, cookieName(config))
}

export function writeSessionToken(c: Context, config: Config, token: string, lifetimeMs: number): void {
  setCookie(c, cookieName(config), token, {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure: config.publicUrl.startsWith('https:'),
    maxAge: Math.floor(lifetimeMs / 1000),
  })
}

export function clearSessionToken(c: Context, config: Config): void {
  deleteCookie(c, cookieName(config), { path: '/', secure: config.publicUrl.startsWith('https:') })
}
