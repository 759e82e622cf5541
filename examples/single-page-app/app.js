// A browser application that calls an API: authorization code flow with PKCE, as a public client.
//
// Tokens are kept in memory only: what a script can read from storage, a script of an attacker can read later. After a
// reload the user clicks "Sign in" again, and types nothing while still signed in at the authorization server.

import * as oauth from './node_modules/oauth4webapi/build/index.js'

const config = await (await fetch('config.json')).json()
const issuer = new URL(config.issuer)
const client = { client_id: config.client_id }
const redirectUri = location.origin + location.pathname
const http = { [oauth.allowInsecureRequests]: issuer.hostname === '127.0.0.1' } // anything else must be https

/** The metadata of the authorization server (RFC 8414). */
let server
/** The token response of the last grant or refresh; undefined while no user is signed in. */
let tokens

async function discover() {
  const response = await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' })
  server = await oauth.processDiscoveryResponse(issuer, response)
}

async function signIn() {
  await discover()
  const pending = { verifier: oauth.generateRandomCodeVerifier(), state: oauth.generateRandomState() }
  sessionStorage.setItem('pending', JSON.stringify(pending))
  const url = new URL(server.authorization_endpoint)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: redirectUri,
    scope: config.scope,
    state: pending.state,
    code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
    code_challenge_method: 'S256',
  })
  location.assign(url)
}

/** Redeems the code of the authorization response that this page was opened with, if it was. */
async function finishSignIn() {
  const response = new URL(location.href)
  if (!response.searchParams.has('state')) return
  history.replaceState(null, '', redirectUri) // a reload must not send the code again
  const pending = JSON.parse(sessionStorage.getItem('pending') ?? '{}')
  sessionStorage.removeItem('pending')
  if (!pending.state) throw new Error('This page has not asked for this response.')
  await discover()
  const parameters = oauth.validateAuthResponse(server, client, response, pending.state) // state, and iss (RFC 9207)
  tokens = await oauth.processAuthorizationCodeResponse(
    server,
    client,
    await oauth.authorizationCodeGrantRequest(
      server, client, oauth.None(), parameters, redirectUri, pending.verifier, http),
  )
}

/** Exchanges the refresh token. Calls at the same time share one exchange. */
let refreshing
function refresh() {
  refreshing ??= exchangeRefreshToken().finally(() => (refreshing = undefined))
  return refreshing
}

async function exchangeRefreshToken() {
  try {
    const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh_token, http)
    tokens = await oauth.processRefreshTokenResponse(server, client, response)
  } catch (error) {
    // Only this error means that the grant has ended. After an outage the same refresh token still works.
    if (error.error === 'invalid_grant') tokens = undefined
    throw error
  }
}

/** Calls the API, and once more with a new token if it refuses the one at hand. */
async function call(method) {
  const send = () => fetch(config.api, { method, headers: { authorization: `Bearer ${tokens.access_token}` } })
  let response = await send()
  if (response.status === 401) {
    await refresh()
    response = await send()
  }
  if (!response.ok) throw new Error(`The API answered ${response.status}.`)
  return response.json()
}

/** Ends the grant, with all of its tokens (RFC 7009 §2.1). The user stays signed in at the authorization server. */
async function signOut() {
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, oauth.None(), tokens.refresh_token, http),
  )
  tokens = undefined
}

const element = (id) => document.getElementById(id)
const problems = { access_denied: 'You did not allow it.', invalid_grant: 'Your sign-in has ended.' }

/** Runs `act`, and shows what it returns or why it failed. */
async function run(act) {
  element('answer').hidden = true
  element('problem').textContent = ''
  try {
    const answer = await act()
    if (answer) {
      element('answer').textContent = JSON.stringify(answer, null, 2)
      element('answer').hidden = false
    }
  } catch (error) {
    element('problem').textContent = problems[error.error] ?? `That failed: ${error.message}`
  }
  element('signed-in').hidden = !tokens
  element('signed-out').hidden = Boolean(tokens)
  element('status').textContent = tokens ? 'You are signed in.' : 'You are not signed in.'
}

for (const [id, act] of Object.entries({
  'sign-in': signIn,
  read: () => call('GET'),
  write: () => call('POST'),
  'sign-out': signOut,
}))
  element(id).addEventListener('click', () => run(act))
await run(finishSignIn)
