// oauth4webapi: the library checks every response.

import { deepEqual, equal, notEqual, rejects, throws } from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import { check, given } from './checks.js'
import { visit } from './user.js'

const issuer = new URL(given('ISSUER'))
const http = { [oauth.allowInsecureRequests]: true } // on a loopback address
const machine = { client_id: given('MACHINE_CLIENT_ID') }
const api = { client_id: given('API_CLIENT_ID') }
const apiSecret = given('API_CLIENT_SECRET')

async function discover() {
  const response = await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' })
  return oauth.processDiscoveryResponse(issuer, response)
}

async function token(as, authentication, scope) {
  const response = await oauth.clientCredentialsGrantRequest(as, machine, authentication, { scope }, http)
  return oauth.processClientCredentialsResponse(as, machine, response)
}

async function introspect(as, access_token) {
  const response = await oauth.introspectionRequest(as, api, oauth.ClientSecretBasic(apiSecret), access_token, http)
  return oauth.processIntrospectionResponse(as, api, response)
}

async function clientCredentials(as, method, authentication) {
  const granted = await check(`gets a token (${method})`, async () => {
    const { access_token, ...rest } = await token(as, authentication, 'read')
    deepEqual(rest, { token_type: 'bearer', expires_in: 3600, scope: 'read' })
    return access_token
  })
  if (!granted) return
  await check(`finds it active (${method})`, async () => {
    const { active, client_id, sub, scope, iss } = await introspect(as, granted)
    deepEqual(
      { active, client_id, sub, scope, iss },
      { active: true, client_id: machine.client_id, sub: machine.client_id, scope: 'read', iss: as.issuer },
    )
  })
  await check(`revokes it (${method})`, async () => {
    const options = { ...http, additionalParameters: { token_type_hint: 'access_token' } }
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, machine, authentication, granted, options))
  })
  await check(`finds it inactive (${method})`, async () => deepEqual(await introspect(as, granted), { active: false }))
}

async function refusals(as) {
  const refused = (promise, code, status) =>
    rejects(promise, (error) => {
      equal(error.error ?? error.cause?.[0]?.parameters?.error, code, String(error))
      equal(error.status, status)
      return true
    })
  await check("is refused with another client's secret (client_secret_post)", () =>
    refused(token(as, oauth.ClientSecretPost(apiSecret), 'read'), 'invalid_client', 401),
  )
  // With HTTP Basic the response has a challenge, which the library reports in place of the body.
  await check("is refused with another client's secret (client_secret_basic)", () =>
    rejects(token(as, oauth.ClientSecretBasic(apiSecret), 'read'), (error) => {
      equal(error.code, oauth.WWW_AUTHENTICATE_CHALLENGE)
      deepEqual(
        error.cause.map(({ scheme, parameters }) => ({ scheme, realm: parameters.realm })),
        [{ scheme: 'basic', realm: 'Jeton' }],
      )
      return true
    }),
  )
  await check('is refused a scope it may not have', () =>
    refused(
      token(as, oauth.ClientSecretBasic(given('MACHINE_CLIENT_SECRET')), 'read admin'),
      'invalid_scope',
      400,
    ),
  )
}

async function codeFlow(as, kind, client, authentication) {
  const redirect_uri = given('REDIRECT_URI')

  async function requestCode(choice = {}, more = {}) {
    const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()]
    const url = new URL(as.authorization_endpoint)
    url.search = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri,
      response_type: 'code',
      scope: 'read write',
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...more,
    })
    return { response: await visit(url, choice), verifier, state }
  }
  async function authorize(choice, more) {
    const { response, verifier, state } = await requestCode(choice, more)
    const parameters = oauth.validateAuthResponse(as, client, response, state)
    return oauth.processAuthorizationCodeResponse(
      as,
      client,
      await oauth.authorizationCodeGrantRequest(as, client, authentication, parameters, redirect_uri, verifier, http),
    )
  }
  const refresh = async (token) =>
    oauth.processRefreshTokenResponse(
      as,
      client,
      await oauth.refreshTokenGrantRequest(as, client, authentication, token, http),
    )

  const first = await check(`exchanges a code (${kind})`, async () => {
    const { token_type, expires_in, scope, ...rest } = await authorize()
    deepEqual({ token_type, expires_in, scope }, { token_type: 'bearer', expires_in: 3600, scope: 'read write' })
    return rest
  })
  if (!first) return
  const second = await check(`refreshes (${kind})`, async () => {
    const granted = await refresh(first.refresh_token)
    notEqual(granted.refresh_token, first.refresh_token)
    return granted
  })
  await check(`gets the same pair for the old refresh token (${kind})`, async () => {
    const { access_token, refresh_token } = await refresh(first.refresh_token)
    deepEqual([access_token, refresh_token], [second.access_token, second.refresh_token])
  })
  await check(`revokes, and can refresh no more (${kind})`, async () => {
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(as, client, authentication, second.refresh_token, http),
    )
    await rejects(refresh(second.refresh_token), { name: 'ResponseBodyError', error: 'invalid_grant', status: 400 })
  })
  await check(`receives the denial of the user (${kind})`, () =>
    rejects(authorize({ decision: 'deny' }, { prompt: 'consent' }), {
      name: 'AuthorizationResponseError',
      error: 'access_denied',
    }),
  )
  for (const name of ['iss', 'state'])
    await check(`rejects a response with another ${name} (${kind})`, async () => {
      const { response, state } = await requestCode()
      response.searchParams.set(name, 'http://127.0.0.1:9')
      throws(() => oauth.validateAuthResponse(as, client, response, state), { code: oauth.INVALID_RESPONSE })
    })
}

const as = await check('reads the metadata document', discover)
if (as) {
  const secret = given('MACHINE_CLIENT_SECRET')
  await clientCredentials(as, 'client_secret_basic', oauth.ClientSecretBasic(secret))
  await clientCredentials(as, 'client_secret_post', oauth.ClientSecretPost(secret))
  await refusals(as)
  const web = { client_id: given('WEB_CLIENT_ID') }
  await codeFlow(as, 'client_secret_basic', web, oauth.ClientSecretBasic(given('WEB_CLIENT_SECRET')))
  await codeFlow(as, 'public', { client_id: given('APP_CLIENT_ID') }, oauth.None())
}
