// Client programs of the MCP SDKs, each given nothing but the URL of an MCP server, and a user with a browser, at
// `jeton serve --demo`.

import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { check, given } from './checks.js'
import { Host } from './host.js'
import { end, hosts, life, newStore, tools, unseen, using, visited } from './life.js'
import { startServers } from './server.js'
import { inPage } from './user.js'

const server = given('MCP_SERVER')

for (const [name, command] of Object.entries(hosts)) await life(name, command, server)

// What users paste, and what programs request instead of what the metadata says.
for (const [what, { url = server, resource, scope }] of Object.entries({
  'a query on the URL': { url: `${server}?utm_source=x` },
  'a slash after the URL': { url: `${server}/` },
  'the bare origin as the resource': { resource: new URL(server).origin },
  'the resource with a query': { resource: `${server}?utm_source=x` },
  'a scope that the resource does not list': { scope: 'openid email profile' },
  'every scope': { scope: 'read write offline_access' },
}))
  for (const name of ['TypeScript SDK 2.x', 'Python SDK 2.x'])
    await using(new Host(hosts[name], url, newStore(), { RESOURCE: resource, SCOPE: scope }), (host) =>
      check(`${name}: ${what}`, async () => {
        const { request } = await visited(() => host.read())
        if (resource) equal(request.resource.replace(/\/$/, ''), resource)
        if (scope) equal(request.scope, scope)
        if (scope?.includes('write')) await unseen(() => host.write('with every scope'))
      }),
    )
await using(new Host(hosts['mcp-remote'], server, newStore(), { SCOPE: 'openid email profile' }), (host) =>
  check('mcp-remote: a scope that the resource does not list', () => visited(() => host.read())),
)

await check('a script of any origin discovers, registers, and reads the challenge', async () => {
  const metadata = new URL(server)
  metadata.pathname = `/.well-known/oauth-protected-resource${metadata.pathname}`
  const seen = await inPage(
    async ([server, metadata]) => {
      const version = { 'mcp-protocol-version': '2025-11-25' }
      const read = async (url) => (await fetch(url, { headers: version })).json()
      const { authorization_servers } = await read(metadata)
      const endpoints = await read(`${authorization_servers[0]}/.well-known/oauth-authorization-server`)
      const post = (url, type, body) =>
        fetch(new URL(url), { method: 'POST', headers: { ...version, 'content-type': type }, body: String(body) })
      const client = { redirect_uris: ['https://client.example.com/callback'], token_endpoint_auth_method: 'none' }
      const registered = await post(endpoints.registration_endpoint, 'application/json', JSON.stringify(client))
      const { client_id } = await registered.json()
      const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'none', client_id })
      const refused = await post(endpoints.token_endpoint, 'application/x-www-form-urlencoded', form)
      const challenged = await post(server, 'application/json', '{}')
      return {
        registered: registered.status,
        refused: (await refused.json()).error,
        challenge: challenged.headers.get('www-authenticate'),
      }
    },
    [server, metadata.href],
  )
  equal(seen.registered, 201)
  equal(seen.refused, 'invalid_grant')
  match(seen.challenge, new RegExp(`resource_metadata="${metadata.href}"`))
})

// Servers of others, which introspect.
const others = await startServers()
for (const { name: where, url } of others)
  for (const [name, command] of Object.entries(hosts))
    await using(new Host(command, url, newStore()), (host) =>
      check(`${name}: lists and calls at ${where}`, async () => {
        const visit = await visited(async () => {
          deepEqual((await host.list()).sort(), tools)
          await host.read()
        })
        equal(visit.request.resource, url)
      }),
    )

/** Calls a tool of a server by HTTP. Returns the status and the challenge. */
async function call(url, token, name = 'list_notes') {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } }),
  })
  return { status: response.status, challenge: response.headers.get('www-authenticate') }
}

/** Returns an access token for a resource. */
async function tokenFor(url) {
  const store = newStore()
  await using(new Host(hosts['TypeScript SDK 2.x'], url, store), (host) => host.read())
  return JSON.parse(readFileSync(store, 'utf8')).tokens.access_token
}

const ours = await tokenFor(server)
for (const { name: where, url } of others) {
  const theirs = await tokenFor(url)
  await check(`${where} refuses a token for another resource`, async () => {
    equal((await call(url, theirs)).status, 200)
    const { status, challenge } = await call(url, ours)
    equal(status, 401)
    match(challenge, /error="invalid_token"/)
    equal((await call(server, theirs)).status, 401)
  })
}

// The resource of a server moves, and its URL stays: a program goes on after one more sign-in. At the TypeScript server it
// runs on. At the Python server it starts again: that one has a stream, for which programs open the browser, too. It takes
// minutes: for .ci/slow.
for (const server of process.env.MOVES ? others : []) {
  const runsOn = server.name === 'the TypeScript server'
  const programs = Object.entries(hosts).map(([name, command]) => ({ name, command, store: newStore() }))
  const start = (program) => (program.host = new Host(program.command, server.url, program.store))
  for (const program of programs) await visited(() => start(program).read())
  if (!runsOn) for (const { host } of programs) await host.stop()
  const resource = new URL(server.url).origin
  await server.move(resource)
  for (const program of programs)
    await check(`${program.name}: goes on when ${server.name} is another resource`, async () => {
      if (!runsOn) start(program)
      const { request } = await visited(() => program.host.read())
      equal(new URL(request.resource).origin, resource)
      equal(new URL(request.resource).pathname, '/')
      await unseen(() => program.host.read())
    })
  for (const { host } of programs) await host.stop()
}

const kept = await Promise.all(others.map(async ({ url }) => [url, await tokenFor(url)]))
await check('an outage of the authorization server is no refusal of the token', async () => {
  process.kill(Number(given('SERVER_PID')))
  await rejects(async () => {
    for (;;) await fetch(given('ISSUER'))
  })
  for (const [url, token] of kept) equal((await call(url, token)).status, 500)
})

for (const server of others) await server.stop()
await end()
