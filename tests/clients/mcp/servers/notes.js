// An MCP server with the TypeScript SDK, which introspects: `list_notes` needs the scope `read`, `add_note` also `write`.

import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { getOAuthProtectedResourceMetadataUrl, mcpAuthMetadataRouter } from '@modelcontextprotocol/sdk/server/auth/router.js'
import express from 'express'
import { z } from 'zod'
import { introspection } from './verifier.js'

const { ISSUER, SERVER, RESOURCE, API_CLIENT_ID, API_CLIENT_SECRET } = process.env
const [url, resource] = [new URL(SERVER), new URL(RESOURCE)]
const oauthMetadata = await (await fetch(`${ISSUER}/.well-known/oauth-authorization-server`)).json()
const verifier = introspection({
  endpoint: oauthMetadata.introspection_endpoint,
  clientId: API_CLIENT_ID,
  clientSecret: API_CLIENT_SECRET,
  resource: RESOURCE,
})

const notes = []

function server() {
  const server = new McpServer({ name: 'Notes', version: '1.0.0' })
  const text = (text) => ({ content: [{ type: 'text', text }] })
  server.registerTool('list_notes', {}, () => text(notes.join('\n')))
  server.registerTool('add_note', { inputSchema: { text: z.string() } }, ({ text: note }) => text(`${notes.push(note)} notes`))
  return server
}

// The challenge names all the scope that the call needs, and what every call needs, so that a client keeps it.
const requires = (...requiredScopes) =>
  requireBearerAuth({ verifier, requiredScopes, resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resource) })
const reads = requires('read')
const writes = requires('read', 'write')
const isWrite = ({ method, params }) => method === 'tools/call' && params.name === 'add_note'

const app = express()
app.use(mcpAuthMetadataRouter({ oauthMetadata, resourceServerUrl: resource, scopesSupported: ['read'] }))
app.use(express.json())
app.use(url.pathname, (request, ...rest) => {
  const isOne = [request.body ?? []].flat().some(isWrite)
  return (isOne ? writes : reads)(request, ...rest)
})
app.post(url.pathname, async (request, response) => {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true })
  await server().connect(transport)
  await transport.handleRequest(request, response, request.body)
})
app.use(url.pathname, (_, response) => response.status(405).end())
app.listen(url.port, url.hostname)
