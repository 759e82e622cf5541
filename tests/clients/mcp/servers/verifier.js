import { InvalidTokenError, ServerError } from '@modelcontextprotocol/sdk/server/auth/errors.js'

/** Returns a verifier that asks the introspection endpoint (RFC 7662) about each access token for `resource`. */
export function introspection({ endpoint, clientId, clientSecret, resource }) {
  const authorization = `Basic ${btoa(`${clientId}:${clientSecret}`)}`
  return {
    async verifyAccessToken(token) {
      const body = new URLSearchParams({ token })
      const signal = AbortSignal.timeout(5000)
      const response = await fetch(endpoint, { method: 'POST', headers: { authorization }, body, signal })
      // An outage says nothing about the token: the client gets a 500, and keeps its token.
      if (!response.ok) throw new ServerError(`The introspection endpoint answered ${response.status}`)
      const { active, aud, exp, scope, client_id, sub } = await response.json()
      if (!active || aud !== resource) throw new InvalidTokenError('The access token is not valid for this resource')
      const scopes = scope?.split(' ') ?? []
      return { token, clientId: client_id, scopes, expiresAt: exp, resource: new URL(aud), extra: { sub } }
    },
  }
}
