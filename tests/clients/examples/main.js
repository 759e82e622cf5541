// Runs the checks of each example.

import { check } from '../checks.js'
import { close } from './server.js'

for (const name of (process.env.ONLY ?? 'services cron cli single_page_app').split(' ')) {
  const module = await check(`${name}: is started`, async () => {
    const { run } = await import(`./${name}.js`)
    return run
  })
  await module?.()
}
close()
process.exit()
