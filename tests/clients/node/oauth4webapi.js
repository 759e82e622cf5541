// oauth4webapi: every answer goes through the library's own checks.

import { deepEqual, equal, rejects } from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import { check, given } from './checks.js'

const issuer = new URL(given('ISSUER'))
const http = { [oauth.allowInsecureRequests]: true } // on a loopback address
const machine = { client_id: given('MACHINE_CLIENT_ID') }
const api = { client_id: given('API_CLIENT_ID') }
const apiSecret = given('API_CLIENT_SECRET')

async function discover() {
  const answer = await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' })
  return oauth.processDiscoveryResponse(issuer, answer)
}

async function token(as, authentication, scope) {
  const answer = await oauth.clientCredentialsGrantRequest(as, machine, authentication, { scope }, http)
  return oauth.processClientCredentialsResponse(as, machine, answer)
}

async function introspect(as, access_token) {
  const answer = await oauth.introspectionRequest(as, api, oauth.ClientSecretBasic(apiSecret), access_token, http)
  return oauth.processIntrospectionResponse(as, api, answer)
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
  // With HTTP Basic the answer has a challenge, which the library reports in place of the body.
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

const as = await check('reads the metadata document', discover)
if (as) {
  const secret = given('MACHINE_CLIENT_SECRET')
  await clientCredentials(as, 'client_secret_basic', oauth.ClientSecretBasic(secret))
  await clientCredentials(as, 'client_secret_post', oauth.ClientSecretPost(secret))
  await refusals(as)
}
