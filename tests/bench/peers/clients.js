// The clients and the user of every peer.
import { readFileSync } from 'node:fs';

export const { service, app, scope, user } = JSON.parse(
  readFileSync(new URL('clients.json', import.meta.url), 'utf8'),
);
