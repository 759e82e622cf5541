// openid-client, as an OAuth client: a confidential one, and a public one.

import { equal, notEqual, rejects } from 'node:assert/strict'
import * as client from 'openid-client'
import { check, given } from './checks.js'
import { visit } from './user.js'

const redirect_uri = given('REDIRECT_URI')

async function codeFlow(kind, id, authentication) {
  const config = await check(`reads the metadata document (${kind})`, () =>
    client.discovery(new URL(given('ISSUER')), id, undefined, authentication, {
      algorithm: 'oauth2',
      execute: [client.allowInsecureRequests], // on a loopback address
    }),
  )
  if (!config) return

  async function authorize(more = {}, choice = {}) {
    const pkceCodeVerifier = client.randomPKCECodeVerifier()
    const expectedState = client.randomState()
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri,
      scope: 'read write',
      state: expectedState,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      ...more,
    })
    return client.authorizationCodeGrant(config, await visit(url, choice), { pkceCodeVerifier, expectedState })
  }
  const refresh = (token) => client.refreshTokenGrant(config, token)

  const first = await check(`exchanges a code (${kind})`, async () => {
    const granted = await authorize()
    equal(granted.token_type, 'bearer')
    equal(granted.scope, 'read write')
    equal(granted.expiresIn() > 3500, true)
    return granted
  })
  if (!first) return
  const second = await check(`refreshes (${kind})`, async () => {
    const granted = await refresh(first.refresh_token)
    notEqual(granted.refresh_token, first.refresh_token)
    notEqual(granted.access_token, first.access_token)
    return granted
  })
  await check(`gets the same pair for the old refresh token (${kind})`, async () => {
    const again = await refresh(first.refresh_token)
    equal(again.refresh_token, second.refresh_token)
    equal(again.access_token, second.access_token)
  })
  await check(`revokes, and can refresh no more (${kind})`, async () => {
    await client.tokenRevocation(config, second.refresh_token, { token_type_hint: 'refresh_token' })
    await rejects(refresh(second.refresh_token), { name: 'ResponseBodyError', error: 'invalid_grant', status: 400 })
  })
  await check(`receives the scope that the user allowed (${kind})`, async () =>
    equal((await authorize({ prompt: 'consent' }, { scope: ['read'] })).scope, 'read'),
  )
  await check(`receives the denial of the user (${kind})`, () =>
    rejects(authorize({ prompt: 'consent' }, { decision: 'deny' }), {
      name: 'AuthorizationResponseError',
      error: 'access_denied',
    }),
  )
}

await codeFlow('client_secret_basic', given('WEB_CLIENT_ID'), client.ClientSecretBasic(given('WEB_CLIENT_SECRET')))
await codeFlow('client_secret_post', given('WEB_CLIENT_ID'), client.ClientSecretPost(given('WEB_CLIENT_SECRET')))
await codeFlow('public', given('APP_CLIENT_ID'), client.None())
