// openid-client 6: signs in, verifies the ID token's signature, asks for UserInfo, refreshes and signs out.

import { deepEqual, equal, rejects } from 'node:assert/strict'
import * as client from 'openid-client'
import { came, fresh, redirect_uri } from '../chromium.js'
import { isSignedOut, issuer, register, signIn, user } from './application.js'

/** Signs in with a new client. Returns the client's configuration and its tokens. */
export async function session(page, ...options) {
  const { client_id, client_secret } = await register('openid-client 6', '--redirect-uri', 'http://127.0.0.1/callback',
    '--post-logout-redirect-uri', redirect_uri, ...options)
  const config = await client.discovery(new URL(issuer), client_id, client_secret, undefined, {
    // The issuer is on a loopback address.
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
  })
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const [expectedNonce, expectedState] = [client.randomNonce(), client.randomState()]
  const request = client.buildAuthorizationUrl(config, {
    redirect_uri,
    scope: 'openid profile email',
    nonce: expectedNonce,
    state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  })
  await page.goto(request.href)
  await signIn(page)
  await page.waitForURL((url) => url.href.startsWith(redirect_uri))
  const checks = { pkceCodeVerifier, expectedNonce, expectedState, idTokenExpected: true }
  return { config, tokens: await client.authorizationCodeGrant(config, new URL(page.url()), checks) }
}

export async function run() {
  await fresh('openid-client 6: signs in, refreshes, and signs out', {}, async (page) => {
    const { config, tokens } = await session(page)
    const { sub, name, preferred_username, email, email_verified } = tokens.claims()
    deepEqual({ sub, name, preferred_username, email, email_verified }, user)
    const info = await client.fetchUserInfo(config, tokens.access_token, sub)
    deepEqual({ ...info, ...user }, info)
    await rejects(client.fetchUserInfo(config, tokens.access_token, 'another user'))

    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
    equal(refreshed.id_token, undefined)
    await page.goto(client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: redirect_uri,
      state: 'signed out',
    }).href)
    await page.waitForURL((url) => url.href.startsWith(redirect_uri))
    equal(came.last.state, 'signed out')
    await isSignedOut(page)
  })
  await fresh('openid-client 6: gets an ID token at a refresh if the client is registered for it', {}, async (page) => {
    const { config, tokens } = await session(page, '--id-token-on-refresh')
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
    deepEqual([refreshed.claims().sub, refreshed.claims().nonce], [user.sub, undefined])
    equal(refreshed.claims().auth_time, tokens.claims().auth_time)
  })
}
