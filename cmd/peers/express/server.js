// An Express service that answers every request with what Redis holds for its path: one GET a request, as node-redis
// sends them. Its arguments are the port, the URL of Redis, and a file that says, as JSON, which body each path has.
const fs = require('node:fs');
const express = require('express');
const { createClient } = require('redis');

const [port, redisURL, bodiesFile] = process.argv.slice(2);
const key = (path) => `express:${path}`;

async function main() {
  const redis = await createClient({ url: redisURL }).connect();
  for (const { path, body } of JSON.parse(fs.readFileSync(bodiesFile, 'utf8'))) {
    await redis.set(key(path), body);
  }
  const app = express();
  app.get('/reviews/:id', async (req, res) => {
    const body = await redis.get(key(req.originalUrl));
    if (body === null) return res.status(404).json({ error: 'no such listing' });
    res.type('application/json').send(body);
  });
  app.listen(Number(port), '127.0.0.1');
}

main();
