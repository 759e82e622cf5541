// examples/express and examples/fastapi: APIs that introspect the tokens that they are sent.

import { deepEqual, equal, match } from 'node:assert/strict'
import { check } from '../checks.js'
import { Example } from './example.js'
import { clockMoves, front, issuer, jeton, pass, post } from './server.js'

export async function run() {
  await service('express', 3000)
  await service('fastapi', 3001)
}

async function service(name, port) {
  const test = (what, promise) => check(`${name}: ${what}`, promise)
  const example = await Example.copy(name, port)
  const [url] = example.ports.map((port) => `http://127.0.0.1:${port}/notes`)
  const stop = await test('starts by the commands of its README', () => example.serve(example.blocks[0], example.ports[0]))
  if (!stop) return

  await test('answers as its README says', async () => {
    const { status, stdout, stderr } = await example.run(example.blocks[1])
    equal(status, 0, stderr)
    deepEqual([...stdout.matchAll(/^HTTP\/1.1 (\d+)/gm)].map(([, status]) => status), ['200', '403', '401'])
  })

  const { client_id, client_secret } = await jeton('client', 'create', '--name', 'caller', '--scope', 'read', '--scope', 'write')
  const credentials = [client_id, client_secret]
  async function token(form = { resource: url }) {
    const { access_token } = await post('/oauth/token', { grant_type: 'client_credentials', ...form }, credentials)
    return access_token
  }
  async function call(authorization, method = 'GET') {
    const response = await fetch(url, { method, headers: authorization ? { authorization } : {} })
    const body = await response.text()
    return { status: response.status, challenge: response.headers.get('www-authenticate'), body, headers: response.headers }
  }
  const refused = async (authorization, status, challenge, method) => {
    const response = await call(authorization, method)
    deepEqual([response.status, response.challenge], [status, challenge])
  }
  const invalid = (authorization) => refused(authorization, 401, 'Bearer error="invalid_token"')
  const readOnly = await token({ resource: url, scope: 'read' })
  const full = await token()

  await test('tells a caller with the scope who it is', async () => {
    for (const [method, status] of [['GET', 200], ['POST', 201]]) {
      const response = await call(`Bearer ${full}`, method)
      const { you } = JSON.parse(response.body)
      deepEqual([response.status, you.client_id, you.sub, you.scope], [status, client_id, client_id, 'read write'])
    }
    equal((await call(`bearer ${full}`)).status, 200)
  })
  await test('refuses a token without the scope', () =>
    refused(`Bearer ${readOnly}`, 403, 'Bearer error="insufficient_scope", scope="write"', 'POST'))
  await test('asks for a token where there is none', async () => {
    front.forget()
    for (const authorization of [undefined, 'Bearer', `Basic ${full}`, `Bearer ${full} x`, 'Bearer "x"', `Bearer,${full}`])
      await refused(authorization, 401, 'Bearer')
    equal(front.passed.length, 0, 'and asks the authorization server nothing')
  })
  await test('refuses garbage', async () => {
    await invalid('Bearer garbage')
    await invalid(`Bearer ${full.slice(0, -6)}000000`)
  })
  await test('refuses a token for no resource and for another one', async () => {
    await invalid(`Bearer ${await token({})}`)
    await invalid(`Bearer ${await token({ resource: `${issuer}/api/mcp` })}`)
  })
  await test('compares the audience itself', async () => {
    for (const [aud, status] of [[undefined, 401], ['https://other.example', 401], [`${url}/`, 401], [[url, 'x'], 200]]) {
      front.edit = (answer) => ({ ...answer, aud })
      equal((await call(`Bearer ${full}`)).status, status, `for ${aud}`)
    }
    front.forget()
  })
  await test('takes nothing but true for active', async () => {
    for (const active of [false, 'true', undefined]) {
      front.edit = (answer) => ({ ...answer, active })
      await invalid(`Bearer ${full}`)
    }
    front.forget()
  })
  for (const [what, fault] of [
    ['fails', { status: 503, headers: { 'retry-after': '1' } }],
    ['refuses the API itself', { status: 401 }],
    ['limits requests', { status: 429 }],
    ['redirects', { status: 307, headers: { location: `${issuer}/elsewhere` } }],
    ['sends no JSON', { status: 200, body: '<html>' }],
    ['closes the connection', 'close'],
    ['does not answer', 'hang'],
  ])
    await test(`answers 503 if the authorization server ${what}`, async () => {
      const active = { active: true, aud: url, scope: 'read', sub: 'x', client_id: 'x' }
      front.fault = ({ path }) => (path === '/elsewhere' ? { status: 200, body: JSON.stringify(active) } : fault)
      const response = await call(`Bearer ${full}`)
      front.forget()
      deepEqual([response.status, response.headers.get('retry-after'), response.challenge], [503, '1', null])
    })
  await test('refuses a token at once when it is revoked', async () => {
    equal((await call(`Bearer ${readOnly}`)).status, 200)
    equal((await post('/oauth/revoke', { token: readOnly }, credentials)).status, 200)
    await invalid(`Bearer ${readOnly}`)
  })
  if (clockMoves)
    await test('refuses an expired token', async () => {
      equal((await call(`Bearer ${full}`)).status, 200)
      pass(3600)
      await invalid(`Bearer ${full}`)
    })
  await test('still serves', async () => match((await call(`Bearer ${await token()}`)).body, /"you"/))
  stop()
}
