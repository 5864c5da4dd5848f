// A client of the engine that has it quantize a model, prints the engine's process id when that is under way, and waits for its own
// end. Arguments: stdio or ipc, the model, its data, the output, and `null` so as not to tell its own process.
import { fork, spawn } from 'node:child_process';
import {
  createProtocolConnection,
  IPCMessageReader,
  IPCMessageWriter,
} from 'vscode-languageserver-protocol/node.js';

const [transport, path, data, output, told] = process.argv.slice(2);
const isIpc = transport === 'ipc';
const engine = isIpc
  ? fork('dist/engine.js', ['--node-ipc'], { silent: true })
  : spawn(process.execPath, ['dist/engine.js', '--stdio'], { stdio: 'pipe' });
const connection = isIpc
  ? createProtocolConnection(new IPCMessageReader(engine), new IPCMessageWriter(engine))
  : createProtocolConnection(engine.stdout, engine.stdin);
connection.listen();
await connection.sendRequest('initialize', {
  ...{ processId: told === 'null' ? null : process.pid, rootUri: null, capabilities: {} },
});
await connection.sendNotification('initialized', {});
let isTold = false;
connection.onNotification('quantscope/progress', ({ progress }) => {
  if (isTold || progress.stage !== 'calibrate') return;
  isTold = true;
  // Its threads have begun by then.
  setTimeout(() => process.stdout.write(`${engine.pid}\n`), 500);
});
const settings = {
  ...{ data, preset: null, samples: null, weights: 'per-channel', calibration: 'max', profile: 'arm' },
  ...{ targetDrop: 0.5, output, keepFloat: null },
};
await connection.sendRequest('quantscope/quantize', { path, settings });
