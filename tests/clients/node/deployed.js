// openid-client at a stack on an emulated AWS, whose KMS signs the ID tokens. See tests/deploy/openid-client.

import { deepEqual, equal, notEqual, rejects } from 'node:assert/strict'
import * as client from 'openid-client'
import { check, given } from './checks.js'
import { visit } from './user.js'

const name = 'openid-client with KMS'
const redirect_uri = given('REDIRECT_URI')
const user = { sub: given('SUB'), name: 'Grace Hopper', preferred_username: 'hopper', email: 'hopper@example.com', email_verified: true }

/** Signs the user in. Returns the tokens. `more` are checks of the client's that differ. */
async function signIn(config, more) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const [expectedNonce, expectedState] = [client.randomNonce(), client.randomState()]
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri,
    scope: 'openid profile email',
    nonce: expectedNonce,
    state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  })
  const response = await visit(url, { scope: ['profile', 'email'] })
  return client.authorizationCodeGrant(config, response, { pkceCodeVerifier, expectedNonce, expectedState, idTokenExpected: true, ...more })
}

const config = await check(`${name}: discovers the issuer`, async () => {
  // It verifies the signature of each ID token, although TLS has told it from whom it came.
  const options = { execute: [client.enableNonRepudiationChecks] }
  const config = await client.discovery(new URL(given('ISSUER')), given('CLIENT_ID'), given('CLIENT_SECRET'), undefined, options)
  equal(config.serverMetadata().issuer, given('ISSUER'))
  return config
})
const tokens = config && (await check(`${name}: signs in, and verifies the ID token`, async () => {
  const tokens = await signIn(config)
  deepEqual({ ...tokens.claims(), ...user }, tokens.claims())
  return tokens
}))
if (tokens) {
  await check(`${name}: asks for UserInfo`, async () => {
    const info = await client.fetchUserInfo(config, tokens.access_token, user.sub)
    deepEqual({ ...info, ...user }, info)
    await rejects(client.fetchUserInfo(config, tokens.access_token, 'another user'))
  })
  await check(`${name}: takes no ID token with another nonce`, () =>
    rejects(signIn(config, { expectedNonce: 'another' }), { code: 'OAUTH_JWT_CLAIM_COMPARISON_FAILED' }))
  await check(`${name}: refreshes, with another ID token`, async () => {
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
    notEqual(refreshed.access_token, tokens.access_token)
    deepEqual([refreshed.claims().sub, refreshed.claims().nonce], [user.sub, undefined])
    equal(refreshed.claims().auth_time, tokens.claims().auth_time)
  })
  await check(`${name}: leads to the sign-out and back`, async () => {
    const url = client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: given('POST_LOGOUT_REDIRECT_URI'),
      state: 'signed out',
    })
    const response = await fetch(url, { redirect: 'manual' })
    equal(response.status, 303)
    equal(response.headers.get('location'), `${given('POST_LOGOUT_REDIRECT_URI')}?state=signed+out`)
  })
}
