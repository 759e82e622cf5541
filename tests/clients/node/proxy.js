// Loaded before the programs, if HTTPS_PROXY is set: Node.js before 24 does not go by it itself.

import { EnvHttpProxyAgent, setGlobalDispatcher } from 'undici'

setGlobalDispatcher(new EnvHttpProxyAgent())
