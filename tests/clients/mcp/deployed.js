// Client programs of the MCP SDKs, each given nothing but the URL of an MCP server, and a user with a browser, at a stack on
// an emulated AWS. See tests/deploy/run.

import { deepEqual, equal, match } from 'node:assert/strict'
import { check, given } from './checks.js'
import { Host, clock } from './host.js'
import { end, hosts, later, life, newStore, tools, unseen, using, visited } from './life.js'
import { startServers } from './server.js'

// Servers that introspect at the stack.
const [typescript, python] = await startServers()
for (const [name, command] of Object.entries(hosts)) await life(name, command, typescript.url)

// The REST API is a server, too: its gateway sends the challenge, and its authorizer checks the tokens.
for (const url of [python.url, given('MCP_SERVER')])
  for (const [name, command] of Object.entries(hosts))
    await using(new Host(command, url, newStore(), clock()), (host) =>
      check(`${name}: lists, calls and refreshes at ${url === python.url ? python.name : url}`, async () => {
        const { request } = await visited(async () => {
          deepEqual((await host.list()).sort(), tools)
          const text = await host.read()
          if (url !== python.url) match(text, new RegExp(`for ${url}$`))
        })
        equal(request.resource, url)
        if (!process.env.CLOCK_LIBRARY) return
        later(60 * 60 + 1)
        await unseen(() => host.read())
      }),
    )

for (const server of [typescript, python]) await server.stop()
await end()
