// What every application has in common: its client, its server, and the user who signs in.

import { execFile, spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { given } from '../checks.js'

export const issuer = given('ISSUER')

/** Runs the command `jeton`. Returns its JSON. */
export async function jeton(...options) {
  const { stdout } = await promisify(execFile)(given('JETON'), ['--json', '--endpoint-url', given('DYNAMODB'), ...options])
  return JSON.parse(stdout || 'null')
}

/** The user: the `sub`, and the claims that the scope `openid profile email` releases. */
export const user = await jeton('user', 'show', given('JETON_USER')).then(({ sub }) => ({
  sub,
  name: 'Grace Hopper',
  preferred_username: 'hopper',
  email: 'hopper@example.com',
  email_verified: true,
}))

/** Registers a client for sign-in. Returns its `client_id` and, unless it is public, its `client_secret`. */
export const register = (name, ...options) => jeton('client', 'create', '--openid', '--name', name, ...options)

/** What Auth.js and next-auth both take to have Jeton as a provider. */
export const provider = ({ client_id, client_secret }) => ({
  id: 'jeton',
  name: 'Jeton',
  issuer,
  clientId: client_id,
  clientSecret: client_secret,
  checks: ['pkce', 'state', 'nonce'],
})

/** The callbacks of Auth.js and next-auth. Signing out at Jeton, too, needs the ID token. */
export const callbacks = {
  jwt: ({ token, account }) => (account ? { ...token, id_token: account.id_token } : token),
}

/** Returns the headers that end the session of the application at `url`, and go on to that of Jeton. */
export function signOutHeaders(id_token, cookie, url) {
  const query = new URLSearchParams({ id_token_hint: id_token, post_logout_redirect_uri: `${url}/` })
  return { location: `${issuer}/oauth/logout?${query}`, 'set-cookie': `${cookie}=; path=/; max-age=0` }
}

/** Signs the user in at the login page, and allows what the consent page asks for, unless the user did `before`. */
export async function signIn(page, before = false) {
  await page.getByLabel('User name').fill(given('JETON_USER'))
  await page.getByLabel('Password').fill(given('PASSWORD'))
  await click(page, 'Sign in')
  if (!before) await click(page, 'Allow')
}

export const click = (page, name) => page.getByRole('button', { name, exact: true }).click()

/** Returns the JSON that the page shows. */
export const shown = async (page) => JSON.parse(await page.locator('pre').innerText())

/** Checks that no user is signed in at Jeton: its account page leads to the login page. */
export async function isSignedOut(page) {
  await page.goto(`${issuer}/account`)
  await page.getByLabel('Password').waitFor()
}

/** Listens on a free port of `host`. Returns the server and its URL, without a slash. */
export async function listen(handler, host = '127.0.0.1') {
  const server = createServer(handler)
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  return { server, url: `http://${host}:${server.address().port}` }
}

/** Starts a Python program, which serves PORT. Returns the function that stops it. */
export async function python(file, url, environment) {
  const env = { ...process.env, ...environment, ISSUER: issuer, PORT: new URL(url).port }
  const program = spawn(given('PYTHON'), [join(import.meta.dirname, file)], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  process.on('exit', () => program.kill())
  for (let tries = 0; tries < 600; tries++) {
    if (program.exitCode !== null) break
    if (await fetch(url).then(() => true, () => false)) return () => program.kill()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${file} does not listen`)
}

/** Returns the URL of a free port. */
export async function freeUrl() {
  const { server, url } = await listen()
  await new Promise((closed) => server.close(closed))
  return url
}
