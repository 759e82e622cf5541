// examples/single-page-app: a public client in a browser, at an origin of its own.

import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { check } from '../checks.js'
import { fresh, variants } from '../chromium.js'
import { Example } from './example.js'
import { clockMoves, front, issuer, jeton, pass, post, user } from './server.js'
import { click, signIn } from './user.js'

export async function run() {
  const example = await Example.copy('single-page-app', 3002)
  const app = `http://127.0.0.1:${example.ports[0]}/`
  const name = 'single-page-app'
  const stop = await check(`${name}: starts by the commands of its README`, () =>
    example.serve(example.blocks[0], example.ports[0]))
  if (!stop) return
  const { client_id } = await (await fetch(`${app}config.json`)).json()

  const says = (page, text) => page.getByRole('status').filter({ hasText: text }).waitFor()
  const complains = (page, text) => page.getByRole('alert').filter({ hasText: text }).waitFor()
  /** Waits for the answer of the API to the next click of `button`. */
  async function answer(page, button) {
    const [response] = await Promise.all([
      page.waitForResponse((response) => response.url().endsWith('/api/notes') && response.request().method() !== 'OPTIONS' && response.status() !== 401),
      click(page, button),
    ])
    return response.status()
  }
  async function opens(page) {
    await page.goto(app)
    await says(page, 'You are not signed in.')
    await click(page, 'Sign in')
    await signIn(page)
    await click(page, 'Allow')
    await says(page, 'You are signed in.')
  }
  const refreshes = () => front.to('/oauth/token').filter(({ form }) => form.grant_type === 'refresh_token')
  const lastTokens = () => JSON.parse(front.to('/oauth/token').at(-1).response)

  for (const [size, variant] of variants)
    await fresh(`${name}: signs in, calls the API, signs out (${size})`, variant, async (page, see) => {
      front.forget()
      await page.goto(app)
      await says(page, 'You are not signed in.')
      await see('signed out')
      await opens(page)
      await see('signed in')
      equal(page.url(), app, 'the code stays in the address')
      const request = front.to('/oauth/token')[0].form
      deepEqual([request.client_id, request.redirect_uri, request.client_secret], [client_id, app, undefined])
      const tokens = lastTokens()
      equal(await answer(page, 'Read notes'), 200)
      await page.getByText('"scope": "read write"').waitFor()
      await see('answer')
      equal(await answer(page, 'Write a note'), 201)
      const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))
      equal(kept, '[{},{},""]')
      await click(page, 'Sign out')
      await says(page, 'You are not signed in.')
      const api = await fetch(`${issuer}/api/notes`, { headers: { authorization: `Bearer ${tokens.access_token}` } })
      equal(api.status, 401)
      const { error } = await post('/oauth/token', { grant_type: 'refresh_token', client_id, refresh_token: tokens.refresh_token })
      equal(error, 'invalid_grant')
    })

  await fresh(`${name}: forgets its tokens at a reload, and needs no password then`, {}, async (page) => {
    await opens(page)
    await page.reload()
    await says(page, 'You are not signed in.')
    await click(page, 'Sign in')
    const allow = page.getByRole('button', { name: 'Allow', exact: true })
    await allow.or(page.getByRole('button', { name: 'Read notes' })).waitFor()
    if (await allow.isVisible()) await allow.click()
    await says(page, 'You are signed in.')
    equal(await answer(page, 'Read notes'), 200)
  })
  await fresh(`${name}: works by keyboard only`, {}, async (page) => {
    await page.goto(app)
    await says(page, 'You are not signed in.')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByLabel('User name').fill(user.name)
    await page.getByLabel('Password').fill(user.password)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Allow', exact: true }).press('Enter')
    await says(page, 'You are signed in.')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByText('"scope": "read write"').waitFor()
  })
  await fresh(`${name}: says when the user allowed less, or nothing`, {}, async (page) => {
    await page.goto(app)
    await click(page, 'Sign in')
    await signIn(page)
    await click(page, 'Deny')
    await complains(page, 'You did not allow it.')
    await click(page, 'Sign in')
    await page.getByLabel('Add to it').uncheck()
    await click(page, 'Allow')
    await says(page, 'You are signed in.')
    equal(await answer(page, 'Write a note'), 403)
    await complains(page, 'The API answered 403.')
    equal(await answer(page, 'Read notes'), 200)
  })
  if (clockMoves)
    await fresh(`${name}: refreshes an expired token once for two calls, and again`, {}, async (page) => {
      front.forget()
      await opens(page)
      pass(3600)
      const answers = (read, write) =>
        Promise.all([['GET', read], ['POST', write]].map(([method, status]) =>
          page.waitForResponse((response) =>
            response.url().endsWith('/api/notes') && response.request().method() === method && response.status() === status)))
      const [refused, answered] = [answers(401, 401), answers(200, 201)]
      // Both calls are refused before the first refresh ends.
      front.fault = async ({ path }) => {
        if (path === '/oauth/token') await refused
      }
      await page.evaluate(() => ['read', 'write'].forEach((id) => document.getElementById(id).click()))
      await Promise.all([refused, answered])
      front.fault = undefined
      await page.getByText('"scope": "read write"').waitFor()
      equal(refreshes().length, 1)
      const first = lastTokens().refresh_token
      pass(3600)
      equal(await answer(page, 'Read notes'), 200)
      equal(refreshes().at(-1).form.refresh_token, first)
      notEqual(lastTokens().refresh_token, first)
    })
  await fresh(`${name}: keeps its tokens in an outage, and asks to sign in when they have ended`, {}, async (page) => {
    front.forget()
    const cors = { 'access-control-allow-origin': '*' }
    front.fault = () => ({ status: 503, headers: cors })
    await page.goto(app)
    await click(page, 'Sign in')
    await complains(page, 'That failed')
    front.forget()
    await opens(page)
    equal((await post('/oauth/revoke', { token: lastTokens().access_token, client_id })).status, 200)
    front.fault = ({ path }) => path === '/oauth/token' && { status: 503, headers: cors }
    await click(page, 'Read notes')
    await complains(page, /503|status code/)
    await says(page, 'You are signed in.')
    front.fault = ({ path }) => path === '/oauth/token' && 'close'
    await click(page, 'Read notes')
    await complains(page, /fetch/)
    await says(page, 'You are signed in.')
    front.fault = undefined
    equal(await answer(page, 'Read notes'), 200)
    await jeton('token', 'revoke-all', '--user', user.name)
    await click(page, 'Read notes')
    await complains(page, 'Your sign-in has ended.')
    await says(page, 'You are not signed in.')
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
  })
  await fresh(`${name}: takes no response that it has not asked for`, {}, async (page) => {
    for (const query of [`code=x&state=y&iss=${issuer}`, `error=access_denied&state=y&iss=${issuer}`]) {
      front.forget()
      await page.goto(`${app}?${query}`)
      await complains(page, 'has not asked')
      await says(page, 'You are not signed in.')
      equal(front.to('/oauth/token').length, 0)
    }
    for (const change of [['state', 'other'], ['iss', 'https://other.example']]) {
      await page.goto(app)
      await click(page, 'Sign in')
      await page.waitForURL(/\/login/)
      const state = await page.goto(app).then(() => page.evaluate(() => JSON.parse(sessionStorage.getItem('pending')).state))
      const response = new URLSearchParams({ code: 'x', state, iss: issuer })
      response.set(...change)
      await page.goto(`${app}?${response}`)
      await complains(page, 'That failed')
      await says(page, 'You are not signed in.')
      equal(front.to('/oauth/token').length, 0, `${change} is not checked`)
    }
  })
  stop()
}
