// A server as applications in Node.js are: JSON settings, a log, files that it writes,
// work for the thread pool (scrypt, gzip, names), a thread and a process of its own, and
// a service behind it.
'use strict';
const { execFile } = require('child_process');
const crypto = require('crypto');
const dns = require('dns');
const fs = require('fs');
const http = require('http');
const path = require('path');
const { Worker } = require('worker_threads');
const zlib = require('zlib');

const home = __dirname;
const logName = path.join(home, 'log', 'access.log');
let settings, log;
const read = () => { settings = JSON.parse(fs.readFileSync(path.join(home, 'settings.json'))); };
const reopen = () => { if (log) log.end(); log = fs.createWriteStream(logName, { flags: 'a' }); };
read();
reopen();
process.on('SIGHUP', read);
process.on('SIGUSR2', reopen);
process.on('SIGTERM', () => process.exit(0));

const pages = {
  '/': (request, end) => end(null, settings.greeting + '\n'),
  '/hash': (request, end) => crypto.scrypt('text', 'salt', 32, (error, key) => end(error, key && key.toString('hex'))),
  '/zip': (request, end) => zlib.gzip('text'.repeat(1000), (error, data) => end(error, data && String(data.length < 1000))),
  '/name': (request, end) => dns.lookup('localhost', (error, address) => end(error, address)),
  '/thread': (request, end) => new Worker("require('worker_threads').parentPort.postMessage(6 * 7)", { eval: true }).on('message', (n) => end(null, String(n))).on('error', end),
  '/process': (request, end) => execFile('/usr/bin/id', ['-un'], end),
  '/save': (request, end) => {
    const name = path.join(home, 'saved', 'text');
    request.pipe(fs.createWriteStream(name + '.new')).on('finish', () => fs.rename(name + '.new', name, (error) => end(error, 'saved\n'))).on('error', end);
  },
  '/behind': (request, end) => http.get('http://127.0.0.1:8089/', (answer) => end(null, answer.resume() && 'there')).on('error', end),
};

http.createServer((request, response) => {
  log.write(`${request.method} ${request.url}\n`);
  if (!pages[request.url]) return response.writeHead(404).end();
  pages[request.url](request, (error, text) => {
    if (error) return response.writeHead(502).end(String(error));
    response.end(text);
  });
}).listen(8010, '127.0.0.1');
