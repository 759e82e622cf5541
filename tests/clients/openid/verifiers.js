// An API that knows nothing but `jwks_uri`, the issuer and the client verifies an ID token: with jose, and with PyJWT.

import { deepEqual, equal, rejects } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { given } from '../checks.js'
import { fresh } from '../chromium.js'
import { issuer, user } from './application.js'
import { session } from './openid_client_6.js'

/** Returns `token` with another user's `sub`. */
function tampered(token) {
  const [header, payload, signature] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url'))
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'another user' })).toString('base64url')
  return [header, changed, signature].join('.')
}

export async function run() {
  await fresh('jose and PyJWT: verify an ID token by jwks_uri alone', {}, async (page) => {
    const { config, tokens: { id_token } } = await session(page)
    const { jwks_uri } = config.serverMetadata()
    const audience = config.clientMetadata().client_id

    const keys = createRemoteJWKSet(new URL(jwks_uri))
    const expected = { issuer, audience, algorithms: ['RS256'] }
    const { payload, protectedHeader } = await jwtVerify(id_token, keys, expected)
    deepEqual([payload.sub, protectedHeader.typ], [user.sub, 'JWT'])
    await rejects(jwtVerify(tampered(id_token), keys, expected), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' })
    await rejects(jwtVerify(id_token, keys, { ...expected, audience: 'another client' }), {
      code: 'ERR_JWT_CLAIM_VALIDATION_FAILED',
    })

    const pyjwt = async (token) => {
      const program = join(import.meta.dirname, 'pyjwt_verify.py')
      return (await promisify(execFile)(given('PYTHON'), [program, jwks_uri, issuer, audience, token])).stdout.trim()
    }
    equal(await pyjwt(id_token), user.sub)
    equal(await pyjwt(tampered(id_token)), 'InvalidSignatureError')
  })
}
