// A client program with the 2.x line of the TypeScript SDK.

import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client'
import { Session, serve } from './host.js'

await serve(
  new Session({
    Client,
    Transport: StreamableHTTPClientTransport,
    UnauthorizedError,
    finish: (transport, response) => transport.finishAuth(response), // with `iss` (RFC 9207)
  }),
)
