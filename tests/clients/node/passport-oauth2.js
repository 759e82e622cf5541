// passport-oauth2 in a web application, with state and verifier in the session and the secret in the body.

import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { createServer } from 'node:http'
import { promisify } from 'node:util'
import passport from 'passport'
import OAuth2Strategy from 'passport-oauth2'
import { check, given } from './checks.js'
import { visit } from './user.js'

const issuer = given('ISSUER')
const [clientID, clientSecret] = [given('WEB_CLIENT_ID'), given('WEB_CLIENT_SECRET')]

const session = {} // of the only user
const application = createServer((request, response) => {
  const url = new URL(request.url, 'http://127.0.0.1')
  const prompt = url.searchParams.get('prompt')
  Object.assign(request, { session, query: Object.fromEntries(url.searchParams) })
  const end = (error, user, info) => response.end(JSON.stringify({ error: error?.message, user, info }))
  const options = { session: false, ...(prompt && { prompt }) }
  passport.authenticate('oauth2', options, end)(request, response, end)
})
await new Promise((listening) => application.listen(0, '127.0.0.1', listening))
const home = `http://127.0.0.1:${application.address().port}`

class Strategy extends OAuth2Strategy {
  authorizationParams({ prompt }) {
    return prompt ? { prompt } : {}
  }
}
const strategy = new Strategy(
  {
    authorizationURL: `${issuer}/oauth/authorize`,
    tokenURL: `${issuer}/oauth/token`,
    callbackURL: `${home}/callback`,
    clientID,
    clientSecret,
    scope: ['read', 'write'],
    pkce: 'S256',
    state: true,
  },
  (access_token, refresh_token, { token_type, expires_in, scope }, profile, done) =>
    done(null, { access_token, refresh_token, token_type, expires_in, scope }),
)
passport.use('oauth2', strategy)

async function signIn(path, choice) {
  const start = await fetch(`${home}${path}`, { redirect: 'manual' })
  return visit(start.headers.get('location'), choice)
}
const finish = async (callback) => (await fetch(callback)).json()
const getToken = promisify((token, done) =>
  strategy._oauth2.getOAuthAccessToken(token, { grant_type: 'refresh_token' }, (error, access_token, refresh_token) =>
    done(error, { access_token, refresh_token }),
  ),
)

const first = await check('exchanges a code', async () => {
  const { user, ...error } = await finish(await signIn('/start'))
  deepEqual(
    [user?.token_type, user?.expires_in, user?.scope],
    ['Bearer', 3600, 'read write'],
    JSON.stringify(error),
  )
  return user
})
if (first) {
  const second = await check('refreshes', async () => {
    const granted = await getToken(first.refresh_token)
    notEqual(granted.refresh_token, first.refresh_token)
    return granted
  })
  await check('gets the same pair for the old refresh token', async () =>
    deepEqual(await getToken(first.refresh_token), second),
  )
  await check('revokes, and can refresh no more', async () => {
    // The library cannot revoke.
    const body = new URLSearchParams({ token: second.refresh_token, client_id: clientID, client_secret: clientSecret })
    equal((await fetch(`${issuer}/oauth/revoke`, { method: 'POST', body })).status, 200)
    const error = await getToken(second.refresh_token).catch((error) => error)
    deepEqual([error.statusCode, JSON.parse(error.data ?? '{}').error], [400, 'invalid_grant'])
  })
  await check('receives the denial of the user', async () => {
    const { user, info } = await finish(await signIn('/start?prompt=consent', { decision: 'deny' }))
    equal(user, false) // the library's way to tell access_denied
    equal(typeof info.message, 'string')
  })
  await check('rejects a response with another state', async () => {
    const callback = await signIn('/start')
    callback.searchParams.set('state', 'another')
    const { user, info } = await finish(callback)
    deepEqual([user, info.message], [false, 'Invalid authorization request state.'])
  })
}
application.closeAllConnections()
application.close()
