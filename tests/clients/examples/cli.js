// examples/cli: a command whose user signs in with a browser.

import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { check } from '../checks.js'
import { fresh } from '../chromium.js'
import { Example } from './example.js'
import { clocked, clockMoves, folder, front, issuer, jeton, pass, post, user } from './server.js'
import { click, signIn } from './user.js'

const opened = join(folder, 'opened')

/** Waits for the URL that the command opens. `ended` is the command's result. */
async function openedUrl(ended) {
  let result
  ended.then((value) => (result = value))
  for (let tries = 0; tries < 1200 && !existsSync(opened); tries++) {
    if (result) throw new Error(`the command ended: ${result.stderr}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const url = new URL(readFileSync(opened, 'utf8'))
  rmSync(opened)
  return url
}

export async function run() {
  const test = (what, promise) => check(`cli: ${what}`, promise)
  const example = await Example.copy('cli')
  const store = join(folder, 'notes-cli', 'tokens.json')
  Object.assign(example.env, { XDG_STATE_HOME: folder, BROWSER: `${join(import.meta.dirname, 'browser')} %s`, OPENED: opened })
  const command = (name, settings = '') => example.run(`${settings} ./notes.py ${name}`, clocked)
  const stored = () => JSON.parse(readFileSync(store, 'utf8'))
  async function answers(name, scope = 'read write') {
    const { status, stdout, stderr } = await command(name)
    deepEqual([status, stderr], [0, ''])
    equal(JSON.parse(stdout).you.scope, scope)
  }
  async function fails(name, message, settings) {
    const { status, stdout, stderr } = await command(name, settings)
    deepEqual([status, stdout], [1, ''])
    match(stderr, message)
  }
  /** Runs `commands`, which sign in, while the user does `decide` at the page that they open. */
  async function withBrowser(commands, decide) {
    const ended = example.run(commands, clocked)
    const url = await openedUrl(ended)
    await decide(url)
    return ended
  }

  let tokens
  await fresh('cli: signs in by the commands of its README', {}, async (page) => {
    const { status, stdout, stderr } = await withBrowser(example.blocks[0], async (url) => {
      const request = Object.fromEntries(url.searchParams)
      match(request.redirect_uri, /^http:\/\/127\.0\.0\.1:\d+\/callback$/)
      equal(request.code_challenge_method, 'S256')
      const { state } = request
      const iss = url.origin
      for (const [path, parameters] of [
        ['/callback', { code: 'x', state: 'x', iss }],
        ['/callback', { code: 'x', state, iss: 'https://other.example' }],
        ['/callback', { code: 'x', state }],
        ['/callback', { code: 'x', iss }],
        ['/other', { code: 'x', state, iss }],
        ['/favicon.ico', {}],
      ]) {
        const forged = await fetch(new URL(`${path}?${new URLSearchParams(parameters)}`, request.redirect_uri))
        equal(forged.status, 400, JSON.stringify(parameters))
      }
      await page.goto(url.href)
      await signIn(page)
      await click(page, 'Allow')
      await page.getByText('Return to the terminal.').waitFor()
    })
    equal(status, 0, stderr)
    equal(stdout, 'You are signed in.\n')
    equal((statSync(store).mode & 0o777).toString(8), '600')
    tokens = stored()
  })
  if (!tokens) return
  const client_id = example.env.CLIENT_ID

  await test('reads, writes and signs out by the commands of its README', async () => {
    const { status, stdout, stderr } = await example.run(example.blocks[1], clocked)
    deepEqual([status, stderr], [0, ''])
    const [read, write, out] = stdout.trim().split('\n')
    deepEqual([read, write].map((line) => JSON.parse(line).you.scope), ['read write', 'read write'])
    equal(out, 'You are signed out.')
    equal(existsSync(store), false)
    const refused = await post('/oauth/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id })
    deepEqual([refused.status, refused.error], [400, 'invalid_grant'])
    await fails('read', /You are not signed in/)
  })
  await fresh('cli: ends when the user denies', {}, async (page) => {
    const { status, stderr } = await withBrowser('./notes.py sign-in', async (url) => {
      await page.goto(url.href)
      await signIn(page)
      await click(page, 'Deny')
      await page.getByText('Return to the terminal.').waitFor()
    })
    deepEqual([status, existsSync(store)], [1, false])
    match(stderr, /access_denied/)
  })
  await fresh('cli: signs in again, with less scope', {}, async (page) => {
    const { status } = await withBrowser('./notes.py sign-in', async (url) => {
      await page.goto(url.href)
      await signIn(page)
      await page.getByLabel('Add to it').uncheck()
      await click(page, 'Allow')
      await page.getByText('Return to the terminal.').waitFor()
    })
    equal(status, 0)
    front.forget()
    await answers('read', 'read')
    equal(front.to('/oauth/token').length, 0, 'it refreshes a good token')
    await fails('write', /The API answered 403/)
  })
  await test('sends its tokens for no other API, issuer or client', async () => {
    for (const changed of ['API=$API?other', 'ISSUER=${ISSUER/127.0.0.1/localhost}', 'CLIENT_ID=other']) {
      front.forget()
      for (const name of ['read', 'sign-out']) await fails(name, /You are not signed in/, changed)
      equal(front.passed.length, 0, `it sends a request with ${changed}`)
    }
    await answers('read', 'read')
  })
  await test('follows no redirect', async () => {
    for (const status of [302, 307]) {
      front.forget()
      front.fault = ({ path }) => path === '/api/notes' && { status, headers: { location: `${issuer}/elsewhere` } }
      await fails('read', new RegExp(`The API answered ${status}`))
      equal(front.to('/elsewhere').length, 0)
    }
    front.forget()
  })
  await fresh('cli: keeps its tokens when another sign-in fails', {}, async (page) => {
    const before = stored()
    front.fault = ({ path }) => path === '/oauth/token' && { status: 400, body: '{"error":"invalid_grant"}' }
    const { status, stderr } = await withBrowser('./notes.py sign-in', async (url) => {
      await page.goto(url.href)
      await signIn(page)
      await click(page, 'Allow')
      await page.getByText('Return to the terminal.').waitFor()
    })
    front.forget()
    equal(status, 1)
    match(stderr, /No token was issued/)
    deepEqual(stored(), before)
  })
  if (clockMoves)
    await test('refreshes an expired token', async () => {
      const before = stored()
      pass(3600)
      await answers('read', 'read')
      notEqual(stored().refresh_token, before.refresh_token)
      equal((statSync(store).mode & 0o777).toString(8), '600')
    })
  await test('refreshes a token that ended before its time', async () => {
    equal((await post('/oauth/revoke', { token: stored().access_token, client_id })).status, 200)
    await answers('read', 'read')
  })
  await test('keeps its tokens in an outage', async () => {
    equal((await post('/oauth/revoke', { token: stored().access_token, client_id })).status, 200)
    const before = stored()
    front.fault = ({ path }) => path === '/oauth/token' && { status: 503, headers: { 'retry-after': '1' } }
    await fails('read', /Try again later/)
    front.forget()
    deepEqual(stored(), before)
    front.fault = ({ path }) => path === '/oauth/token' && 'close'
    await fails('read', /cannot be reached/)
    front.forget()
    front.fault = ({ path }) => path === '/oauth/token' && { status: 200, body: '<html>' }
    await fails('read', /No token was issued/)
    front.forget()
    deepEqual(stored(), before)
    await answers('read', 'read')
  })
  await test('two at once get the same tokens', async () => {
    equal((await post('/oauth/revoke', { token: stored().access_token, client_id })).status, 200)
    await Promise.all([answers('read', 'read'), answers('read', 'read')])
    await answers('read', 'read')
  })
  await test('says that the sign-in has ended, and forgets its tokens', async () => {
    await jeton('token', 'revoke-all', '--user', user.name)
    await fails('read', /Your sign-in has ended/)
    equal(existsSync(store), false)
  })
}
