// A real browser, Chromium, on every page that a person sees: at two widths, in light and in dark.
//
// CHROMIUM is the browser's program; SHOTS, if it is set, a directory for pictures of the pages.

import { deepEqual, equal } from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { check, given } from './checks.js'

const issuer = given('ISSUER')
const client_id = given('APP_CLIENT_ID')

// The application: it notes how the browser comes back, and with what.
let came
const application = createServer(async (request, response) => {
  let body = ''
  for await (const part of request) body += part
  const url = new URL(request.url, 'http://127.0.0.1')
  if (url.pathname === '/callback') {
    const parameters = new URLSearchParams(request.method === 'POST' ? body : url.search)
    came = { method: request.method, ...Object.fromEntries(parameters) }
  }
  response.setHeader('content-type', 'text/html').end('<title>The application</title>')
})
await new Promise((listening) => application.listen(0, '127.0.0.1', listening))
const redirect_uri = `http://127.0.0.1:${application.address().port}/callback`

const browser = await chromium.launch({
  executablePath: given('CHROMIUM'),
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})

function request(more) {
  const verifier = randomBytes(32).toString('base64url')
  const parameters = {
    response_type: 'code',
    client_id,
    redirect_uri,
    scope: 'read write',
    state: 'a state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  }
  return { url: `${issuer}/oauth/authorize?${new URLSearchParams(parameters)}`, verifier }
}

/** Runs `walk` with a page of a browser that has no cookies yet, and holds it to a clean console. */
async function fresh(what, look, walk) {
  const context = await browser.newContext({ ...look, reducedMotion: 'reduce' })
  context.setDefaultTimeout(10_000)
  const page = await context.newPage()
  const complaints = []
  page.on('console', (message) => {
    // That a page's own status is an error is no complaint about the page.
    if (['error', 'warning'].includes(message.type()) && !/favicon|Failed to load resource/.test(message.text()))
      complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  came = undefined
  let shots = 0
  /** Holds a page to fitting its window, and takes its picture. */
  async function see(name) {
    equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, `${name} is too wide`)
    const file = `${what} ${++shots} ${name}.png`.replaceAll(/[ ,:]+/g, '-')
    if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, file), fullPage: true })
  }
  await check(what, async () => {
    await walk(page, see)
    deepEqual(complaints, [])
  })
  await context.close()
}

async function signIn(page, password = given('PASSWORD')) {
  await page.getByLabel('User name').fill(given('PERSON'))
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

const back = (page) => page.waitForURL((url) => url.href.startsWith(redirect_uri))
const click = (page, name) => page.getByRole('button', { name, exact: true }).click()

async function allows(page, see) {
  const { url, verifier } = request()
  const first = await page.goto(url)
  equal(first.headers()['content-security-policy'].startsWith("default-src 'none'"), true)
  await see('sign in')
  await signIn(page, 'not the password')
  await page.getByRole('alert').waitFor()
  await see('wrong password')
  await signIn(page)
  await page.getByRole('heading', { name: 'Allow APP' }).waitFor()
  await see('consent')
  await page.getByLabel('write').uncheck()
  await click(page, 'Allow')
  await back(page)
  const { code, ...rest } = came
  deepEqual(rest, { method: 'GET', state: 'a state', iss: issuer })
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id,
    code,
    redirect_uri,
    code_verifier: verifier,
  })
  const { scope } = await (await fetch(`${issuer}/oauth/token`, { method: 'POST', body })).json()
  equal(scope, 'read')
}

const looks = [
  ['narrow', { viewport: { width: 320, height: 640 } }],
  ['wide', { viewport: { width: 1280, height: 800 } }],
].flatMap(([size, look]) => [
  [`${size}, light`, { ...look, colorScheme: 'light' }],
  [`${size}, dark`, { ...look, colorScheme: 'dark' }],
])

for (const [name, look] of looks) await fresh(`signs in and allows (${name})`, look, allows)

await fresh('denies', {}, async (page) => {
  await page.goto(request().url)
  await signIn(page)
  await click(page, 'Deny')
  await back(page)
  deepEqual([came.error, came.state, came.iss, came.code], ['access_denied', 'a state', issuer, undefined])
})

await fresh('sends the answer as a form, by itself', {}, async (page) => {
  await page.goto(request({ response_mode: 'form_post' }).url)
  await signIn(page)
  await click(page, 'Allow')
  await back(page)
  const { code, ...rest } = came
  deepEqual([typeof code, rest], ['string', { method: 'POST', state: 'a state', iss: issuer }])
})

await fresh('sends the answer as a form, without JavaScript', { javaScriptEnabled: false }, async (page) => {
  await page.goto(request({ response_mode: 'form_post' }).url)
  await signIn(page)
  await click(page, 'Allow')
  if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, 'form-post.png') })
  await click(page, 'Continue')
  await back(page)
  deepEqual([came.method, typeof came.code], ['POST', 'string'])
})

for (const [name, look] of looks)
  await fresh(`signs in for itself, and out (${name})`, look, async (page, see) => {
    await page.goto(`${issuer}/login`)
    await signIn(page)
    await see('signed in')
    await click(page, 'Sign out')
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
    await see('signed out')
    await page.goto(`${issuer}/oauth/authorize?client_id=nobody`)
    await see('error')
  })

await fresh('signs out of the consent page', {}, async (page) => {
  await page.goto(request().url)
  await signIn(page)
  await page.getByRole('button', { name: /Sign out/ }).click()
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
})

for (const [name, look] of looks)
  await fresh(`clicks through the demo (${name})`, look, async (page, see) => {
    const answer = (title) =>
      page.locator('section', { has: page.getByRole('heading', { name: title, exact: true }) }).locator('pre').nth(1)
    await page.goto(`${issuer}/demo`)
    await see('demo')
    await click(page, 'Sign in with Jeton')
    await signIn(page)
    await click(page, 'Allow')
    const tokens = async (title) => JSON.parse((await answer(title).innerText()).replace(/^200\s+/, ''))
    const first = await tokens('The code is exchanged for tokens')
    await click(page, 'Refresh')
    const second = await tokens('Refreshed')
    equal(first.refresh_token === second.refresh_token, false)
    await click(page, 'Refresh again with the old token')
    equal((await tokens('The old refresh token again')).refresh_token, second.refresh_token)
    await click(page, 'Revoke')
    equal((await answer('Revoked').innerText()).startsWith('200'), true)
    await see('demo, at its end')
  })

await browser.close()
application.closeAllConnections()
application.close()
