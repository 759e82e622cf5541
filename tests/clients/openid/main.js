// Runs the program of each client library.

import { check } from '../checks.js'
import { close } from '../chromium.js'

const all = 'openid_client_6 openid_client_5 verifiers oidc_client_ts auth_core next_auth authlib django'
for (const name of (process.env.ONLY ?? all).split(' ')) {
  const program = await check(`${name}: is started`, async () => (await import(`./${name}.js`)).run)
  await program?.()
}
await close()
process.exit()
