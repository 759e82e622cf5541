// simple-oauth2, which does not support PKCE: with the parameters passed by hand, and as a client that is exempt.
// Nor does it read the authorization response: the application must check `state` and `iss`.

import { deepEqual, equal, notEqual, rejects } from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { AuthorizationCode } from 'simple-oauth2'
import { check, given } from './checks.js'
import { visit } from './user.js'

const issuer = given('ISSUER')
const redirect_uri = given('REDIRECT_URI')
const random = () => randomBytes(32).toString('base64url')

async function codeFlow(kind, name, authorizationMethod, withPkce) {
  const client = new AuthorizationCode({
    client: { id: given(`${name}_CLIENT_ID`), secret: given(`${name}_CLIENT_SECRET`) },
    auth: {
      tokenHost: issuer,
      tokenPath: '/oauth/token',
      authorizePath: '/oauth/authorize',
      revokePath: '/oauth/revoke',
    },
    options: { authorizationMethod },
  })

  async function authorize(more = {}, choice = {}) {
    const [code_verifier, state] = [random(), random()]
    const code_challenge = createHash('sha256').update(code_verifier).digest('base64url')
    const pkce = withPkce ? { code_challenge, code_challenge_method: 'S256' } : {}
    const url = client.authorizeURL({ redirect_uri, scope: 'read write', state, ...pkce, ...more })
    const response = Object.fromEntries((await visit(url, choice)).searchParams)
    deepEqual([response.state, response.iss], [state, issuer])
    if (response.error) return response
    return client.getToken({ code: response.code, redirect_uri, ...(withPkce && { code_verifier }) })
  }

  const first = await check(`exchanges a code (${kind})`, async () => {
    const granted = await authorize()
    deepEqual([granted.token.token_type, granted.token.scope, granted.expired()], ['Bearer', 'read write', false])
    return granted
  })
  if (!first) return
  const second = await check(`refreshes (${kind})`, async () => {
    const granted = await first.refresh()
    notEqual(granted.token.refresh_token, first.token.refresh_token)
    return granted
  })
  await check(`gets the same pair for the old refresh token (${kind})`, async () => {
    const { access_token, refresh_token } = (await first.refresh()).token
    deepEqual([access_token, refresh_token], [second.token.access_token, second.token.refresh_token])
  })
  await check(`revokes, and can refresh no more (${kind})`, async () => {
    await second.revokeAll()
    await rejects(second.refresh(), (error) => {
      deepEqual([error.output.statusCode, error.data.payload.error], [400, 'invalid_grant'])
      return true
    })
  })
  await check(`receives the denial of the user (${kind})`, async () =>
    equal((await authorize({ prompt: 'consent' }, { decision: 'deny' })).error, 'access_denied'),
  )
}

await codeFlow('client_secret_basic', 'WEB', 'header', true)
await codeFlow('client_secret_post', 'WEB', 'body', true)
await codeFlow('without PKCE', 'OLD', 'header', false)
