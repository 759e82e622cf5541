// mcp-remote, which lets a program that only starts local servers reach a remote one: that program, with the 2.x line of
// the TypeScript SDK.

import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { fileURLToPath } from 'node:url'
import { serve, store, url } from './host.js'

const program = fileURLToPath(new URL('../node_modules/mcp-remote/dist/proxy.js', import.meta.url))
const scope = process.env.SCOPE && ['--static-oauth-client-metadata', JSON.stringify({ scope: process.env.SCOPE })]
let client

await serve({
  async use(action) {
    if (!client) {
      const connecting = new Client({ name: 'jeton-tests', version: '1.0.0' })
      const transport = new StdioClientTransport({
        command: process.execPath,
        args: [program, url, ...(scope ?? [])],
        env: { ...process.env, MCP_REMOTE_CONFIG_DIR: store },
        stderr: 'inherit',
      })
      await connecting.connect(transport)
      client = connecting
    }
    return action(client)
  },
})
