// mozilla-django-oidc, in a Django application whose users are found by `sub`.

import { deepEqual, equal } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fresh } from '../chromium.js'
import { click, freeUrl, isSignedOut, jeton, python, register, shown, signIn, user } from './application.js'

export async function run() {
  const url = await freeUrl()
  const client = await register('Django', '--redirect-uri', `${url}/oidc/callback/`, '--post-logout-redirect-uri', `${url}/`)
  const folder = mkdtempSync(join(tmpdir(), 'django-'))
  const stop = await python('django_app.py', url, {
    CLIENT_ID: client.client_id,
    CLIENT_SECRET: client.client_secret,
    DATABASE: join(folder, 'db.sqlite3'),
    URL: url,
  })
  async function enters(page, before) {
    await page.goto(`${url}/oidc/authenticate/`)
    await signIn(page, before)
    await page.waitForURL(`${url}/`)
    return shown(page)
  }

  await fresh('Django: signs in a new user, and signs out', {}, async (page) => {
    deepEqual(await enters(page), { username: user.sub, name: user.name, email: user.email })
    await click(page, 'Sign out')
    await page.waitForURL(`${url}/`)
    equal(await shown(page), null)
    await isSignedOut(page)
  })
  await fresh('Django: finds the user again after a change of e-mail', {}, async (page) => {
    await jeton('user', 'set', user.preferred_username, 'email=new@example.com')
    const known = await enters(page, true).finally(() =>
      jeton('user', 'set', user.preferred_username, `email=${user.email}`, '--verified', 'email'))
    deepEqual(known, { username: user.sub, name: user.name, email: 'new@example.com' })
  })
  stop()
  rmSync(folder, { recursive: true })
}
