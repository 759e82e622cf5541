// openid-client 5, which many programs still have. It takes ID tokens with RS256 only, unless it is configured.

import { deepEqual, equal, rejects } from 'node:assert/strict'
import { generators, Issuer } from 'openid-client-5'
import { came, fresh, redirect_uri } from '../chromium.js'
import { isSignedOut, issuer, register, signIn, user } from './application.js'

export async function run() {
  await fresh('openid-client 5: signs in, refreshes, and signs out', {}, async (page) => {
    const { client_id, client_secret } = await register('openid-client 5', '--redirect-uri', 'http://127.0.0.1/callback',
      '--post-logout-redirect-uri', redirect_uri)
    const provider = await Issuer.discover(issuer)
    const client = new provider.Client({ client_id, client_secret, redirect_uris: [redirect_uri], response_types: ['code'] })
    const [nonce, state, code_verifier] = [generators.nonce(), generators.state(), generators.codeVerifier()]
    const code_challenge = generators.codeChallenge(code_verifier)
    const scope = 'openid profile email'
    await page.goto(client.authorizationUrl({ scope, nonce, state, code_challenge, code_challenge_method: 'S256' }))
    await signIn(page)
    await page.waitForURL((url) => url.href.startsWith(redirect_uri))
    const tokens = await client.callback(redirect_uri, client.callbackParams(page.url()), { nonce, state, code_verifier })
    const { sub, name, preferred_username, email, email_verified } = tokens.claims()
    deepEqual({ sub, name, preferred_username, email, email_verified }, user)
    const info = await client.userinfo(tokens)
    deepEqual({ ...info, ...user }, info)

    const refreshed = await client.refresh(tokens)
    equal(typeof refreshed.access_token, 'string')
    await rejects(client.callback(redirect_uri, client.callbackParams(page.url()), { nonce, state, code_verifier }), {
      error: 'invalid_grant',
    })
    await page.goto(client.endSessionUrl({ id_token_hint: tokens, post_logout_redirect_uri: redirect_uri, state }))
    await page.waitForURL((url) => url.href.startsWith(redirect_uri))
    equal(came.last.state, state)
    await isSignedOut(page)
  })
}
