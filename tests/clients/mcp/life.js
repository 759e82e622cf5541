// Client programs of the MCP SDKs, and the life of one.

import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, given } from './checks.js'
import { Host, clock } from './host.js'
import { administer } from './server.js'
import { close, nextVisit, visits } from './user.js'

const work = mkdtempSync(join(tmpdir(), 'jeton-mcp-'))
const program = (name) => join(import.meta.dirname, 'hosts', name)

export const hosts = {
  'TypeScript SDK 1.x': [process.execPath, program('sdk_1.js')],
  'TypeScript SDK 2.x': [process.execPath, program('sdk_2.js')],
  'mcp-remote': [process.execPath, program('mcp_remote.js')],
  'Python SDK 1.x': [given('PYTHON_1'), program('sdk_1.py')],
  'Python SDK 2.x': [given('PYTHON_2'), program('sdk_2.py')],
  FastMCP: [given('PYTHON_2'), program('fastmcp_4.py')],
}

let stores = 0
export const newStore = () => join(work, `store-${++stores}`)

/** Runs `action` with a host that ends with it. */
export async function using(host, action) {
  try {
    return await action(host)
  } finally {
    await host.stop()
    await visits()
  }
}

/** Runs `action`, and returns the one visit that it led to. */
export async function visited(action) {
  await action()
  const seen = await visits()
  deepEqual(seen.map(({ error, status }) => error ?? status), [200])
  equal(seen[0].response.iss, given('ISSUER'))
  return seen[0]
}

/** Runs `action`, which must not open the browser. */
export async function unseen(action) {
  await action()
  deepEqual(await visits(), [])
}

let now = 0
/** Moves the clock of the server and of the programs. */
export function later(seconds) {
  now += seconds
  writeFileSync(given('CLOCK'), `+${now}`)
}

const day = 24 * 60 * 60
export const tools = ['add_note', 'list_notes']

/** What one program goes through at an MCP server, in order, with one store. */
export async function life(name, command, server) {
  const store = newStore()
  let host = new Host(command, server, store, clock())
  const say = (what, test) => check(`${name}: ${what}`, test)
  const restart = async () => {
    await host.stop()
    await visits()
    host = new Host(command, server, store, clock())
  }

  const first = await say('discovers, registers, lists and calls', () =>
    visited(async () => {
      deepEqual((await host.list()).sort(), tools)
      await host.read()
    }),
  )
  if (!first) return host.stop()
  await say('requests the resource, and its default scope', () => {
    equal(first.request.resource, server)
    equal(first.request.scope, 'read')
    match(first.request.client_id, /^d-/)
  })
  await say('has a consent page that says who registered it, without violations of WCAG 2.2', () => {
    match(first.consent.text, /registered itself/)
    deepEqual(first.consent.violations, [])
  })
  await say('a call that needs more scope leads to a second consent, and the first scope stays', async () => {
    const second = await visited(() => host.write(`a note of ${name}`))
    equal(second.request.client_id, first.request.client_id)
    deepEqual(second.request.scope.split(' ').sort(), ['read', 'write'])
    await unseen(async () => match(await host.read(), new RegExp(`a note of ${name}`)))
  })
  if (process.env.CLOCK_LIBRARY)
    await say('goes on by refresh when the access token has expired', async () => {
      later(60 * 60 + 1)
      await unseen(() => host.read())
      later(60 * 60 + 1)
      await unseen(() => host.write('another'))
    })
  await say('starts again on another port after a revocation, with its registration', async () => {
    await administer('token', 'revoke-all', '--client', first.request.client_id)
    await restart()
    const again = await visited(() => host.read())
    equal(again.request.client_id, first.request.client_id)
    // mcp-remote derives its port from the URL.
    if (name !== 'mcp-remote') notEqual(again.request.redirect_uri, first.request.redirect_uri)
  })
  if (process.env.CLOCK_LIBRARY)
    await say('registers anew when its registration has expired', async () => {
      later(400 * day)
      // The Python SDK requests an authorization with the old id again, and then waits. So the user removes the server
      // from the program, and adds it again.
      if (name.startsWith('Python')) {
        host.read().catch(() => {})
        equal((await nextVisit()).status, 400)
        rmSync(store)
        await restart()
      }
      const anew = await visited(() => host.read())
      // A public client that registers the same again gets its id again; mcp-remote has the same port, and so does that.
      const same = (name) => anew.request[name] === first.request[name]
      equal(same('client_id'), same('redirect_uri'))
    })
  await host.stop()
  await visits()
}

/** Closes the browser, and removes the stores. */
export async function end() {
  await close()
  rmSync(work, { recursive: true })
}
