// A notes API whose callers show an access token.

import express from 'express'
import { requireScope } from './bearer.js'

const app = express().disable('x-powered-by')
app.get('/notes', requireScope('read'), (request, response) => response.json({ you: response.locals.token }))
app.post('/notes', requireScope('write'), (request, response) => response.status(201).json({ you: response.locals.token }))

app.listen(process.env.PORT ?? 3000, '127.0.0.1', (error) => {
  if (error) throw error
  console.log('Notes are served.')
})
