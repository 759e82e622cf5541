// Bearer tokens (RFC 6750) that are introspected (RFC 7662).

const given = (name) => {
  if (!process.env[name]) throw new Error(`${name} is not set`)
  return process.env[name]
}
const introspectionEndpoint = `${given('ISSUER')}/oauth/introspect`
// RFC 6749 §2.3.1 encodes both parts; Jeton's ids and secrets consist of letters, digits and `_`, which stay as they are.
const credentials = Buffer.from(`${given('CLIENT_ID')}:${given('CLIENT_SECRET')}`).toString('base64')
const resource = given('RESOURCE')

/** Lets a request pass whose token is active, is for this API, and has the scope value `scope`. */
export function requireScope(scope) {
  return async (request, response, next) => {
    const [, token] = request.get('authorization')?.match(/^Bearer +([\w\-.~+/]+=*)$/i) ?? []
    // RFC 6750 §3.1: a request without credentials learns no error code.
    if (!token) return challenge(response, 401, 'Bearer')

    let introspected
    try {
      introspected = await introspect(token)
    } catch (error) {
      // Fail closed, but with 503: on 401 the client would throw a good token away.
      console.error(`introspection failed: ${error.message}`)
      return response.status(503).set('Retry-After', '1').json({ error: 'temporarily_unavailable' })
    }
    // RFC 8707 §2: a token for another API, or for none, is no token here.
    if (introspected.active !== true || ![].concat(introspected.aud ?? []).includes(resource))
      return challenge(response, 401, 'Bearer error="invalid_token"')
    if (!introspected.scope?.split(' ').includes(scope))
      return challenge(response, 403, `Bearer error="insufficient_scope", scope="${scope}"`)
    const { sub, client_id, username } = introspected
    response.locals.token = { sub, client_id, username, scope: introspected.scope }
    next()
  }
}

/** Introspects `token` at each request: what is not cached is refused as soon as it is revoked. */
async function introspect(token) {
  const response = await fetch(introspectionEndpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({ token }),
    redirect: 'error',
    signal: AbortSignal.timeout(2000),
  })
  if (response.status !== 200) throw new Error(`status ${response.status}`)
  return response.json()
}

function challenge(response, status, value) {
  response.status(status).set('WWW-Authenticate', value).end()
}
