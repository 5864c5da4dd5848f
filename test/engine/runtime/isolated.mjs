// Runs in a network namespace of its own: starts a name server that records what it is asked, and beside it programs, whose
// questions it answers with "no such name". Arguments: a resolv.conf, seconds, and the programs as JSON: `{ command, env }` runs until
// it ends; with `requests` it is an engine, which is sent them; with `requests` or `isHeld` it is ended after the seconds. Prints JSON.
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { createProtocolConnection } from 'vscode-languageserver-protocol/node.js';

const [resolvConf, seconds, programs] = process.argv.slice(2);
execFileSync('ip', ['link', 'set', 'lo', 'up']);
execFileSync('mount', ['--bind', resolvConf, '/etc/resolv.conf']);

const asked = [];
const server = createSocket('udp4');
server.on('message', (message, { port, address }) => {
  const labels = [];
  for (let at = 12; message[at] > 0; at += message[at] + 1)
    labels.push(message.toString('latin1', at + 1, at + 1 + message[at]));
  asked.push(labels.join('.'));
  const answer = Buffer.from(message);
  // RFC 1035, 4.1.1: a response, and "Name Error".
  answer[2] |= 0x80;
  answer[3] = (answer[3] & 0xf0) | 3;
  server.send(answer, port, address);
});
server.bind(53, '127.0.0.1');
await once(server, 'listening');

async function run({ command: [program, ...parameters], env, requests, isHeld = requests !== undefined }) {
  const child = spawn(program, parameters, { env, stdio: [requests ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text) => (stderr += text));
  const ended = once(child, 'exit').then(([code]) => code);
  if (requests === undefined) child.stdout.resume();
  else {
    const connection = createProtocolConnection(child.stdout, child.stdin);
    connection.listen();
    for (const [method, params] of requests) await connection.sendRequest(method, params);
  }
  if (!isHeld) return { code: await ended, stderr };
  const code = await Promise.race([ended, wait(Number(seconds) * 1000, 'held')]);
  child.kill('SIGKILL');
  return { code, stderr };
}

const ran = await Promise.all(JSON.parse(programs).map(run));
process.stdout.write(JSON.stringify({ asked, ran }));
process.exit(0);
