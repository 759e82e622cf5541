// Authlib, in a Flask application.

import { deepEqual, equal } from 'node:assert/strict'
import { fresh } from '../chromium.js'
import { freeUrl, isSignedOut, python, register, shown, signIn, user } from './application.js'

export async function run() {
  const url = await freeUrl()
  const client = await register('Authlib', '--redirect-uri', `${url}/callback`, '--post-logout-redirect-uri', `${url}/`)
  const stop = await python('flask_app.py', url, { CLIENT_ID: client.client_id, CLIENT_SECRET: client.client_secret })

  await fresh('Authlib: signs in, checks nonce and at_hash, and signs out', {}, async (page) => {
    await page.goto(`${url}/login`)
    await signIn(page)
    await page.waitForURL(`${url}/`)
    const { user_info, refused, ...claims } = await shown(page)
    deepEqual({ ...claims, ...user }, claims)
    deepEqual({ ...user_info, ...user }, user_info)
    deepEqual(refused, ['nonce', 'at_hash'])
    await page.goto(`${url}/logout`)
    await page.waitForURL(`${url}/`)
    equal(await shown(page), null)
    await isSignedOut(page)
  })
  stop()
}
