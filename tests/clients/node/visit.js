// Steps of a user in a browser, and of the application before and after.

import { createHash, randomBytes } from 'node:crypto'
import { given } from './checks.js'
import { came, redirect_uri } from './chromium.js'

export const issuer = given('ISSUER')
const client_id = given('APP_CLIENT_ID')

/** Returns the URL of an authorization request with these parameters more, and its verifier. */
export function request(more) {
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

/** Redeems the code that the application received. */
export async function redeem(verifier, client = client_id) {
  const form = { grant_type: 'authorization_code', client_id: client, code: came.last.code, redirect_uri, code_verifier: verifier }
  return (await fetch(`${issuer}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })).json()
}

export async function signIn(page, password = given('PASSWORD'), user = given('JETON_USER')) {
  await page.getByLabel('User name').fill(user)
  await page.getByLabel('Password').fill(password)
  await click(page, 'Sign in')
}

export const back = (page) => page.waitForURL((url) => url.href.startsWith(redirect_uri))
export const click = (page, name) => page.getByRole('button', { name, exact: true }).click()
export const reads = (page, heading) => page.getByRole('heading', { name: heading }).waitFor()

/** Waits until the field of this name has the focus: a page gives it to a field after it has loaded. */
export const focuses = (page, name) => page.locator(`[name="${name}"]:focus`).waitFor()
