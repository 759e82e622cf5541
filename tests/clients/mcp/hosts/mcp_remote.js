// mcp-remote, which lets a program that only starts local servers reach a remote one: that program, with the 2.x line of
// the TypeScript SDK.

import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { serve, store, url } from './host.js'

const program = fileURLToPath(new URL('../node_modules/mcp-remote/dist/proxy.js', import.meta.url))
const scope = process.env.SCOPE && ['--static-oauth-client-metadata', JSON.stringify({ scope: process.env.SCOPE })]
let client

/**
 * The port that the browser returns to, the same at each start. By itself, mcp-remote computes one of the URL, which may be a
 * port that browsers refuse or that another program has.
 */
async function port() {
  const file = `${store}.port`
  if (!existsSync(file)) {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    writeFileSync(file, String(listener.address().port))
    listener.close()
  }
  return readFileSync(file, 'utf8')
}

await serve({
  async use(action) {
    if (!client) {
      const connecting = new Client({ name: 'jeton-tests', version: '1.0.0' })
      const transport = new StdioClientTransport({
        command: process.execPath,
        args: [program, url, await port(), ...(scope ?? [])],
        env: { ...process.env, MCP_REMOTE_CONFIG_DIR: store },
        stderr: 'inherit',
      })
      await connecting.connect(transport)
      client = connecting
    }
    return action(client)
  },
})
