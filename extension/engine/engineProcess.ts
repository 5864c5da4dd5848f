import { fork, type ChildProcess } from 'node:child_process';
import type { MessageTransports } from 'vscode-languageclient/node';

/** How the engine's process ended: its code, or the signal that ended it. */
export interface EngineExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Signals by which native code ends its own process. */
const CRASHES: readonly (NodeJS.Signals | null)[] = ['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE'];
/** What Windows calls an abort, an access violation and a heap without memory, and Node a heap without memory. */
const CRASH_CODES: readonly (number | null)[] = [134, 3221226505, 3221225477, 3221225495, 3221225725];

/** `the system ended it, most likely for lack of memory`. */
export function describeExit({ code, signal }: EngineExit): { how: string; isMemory: boolean } {
  if (signal === 'SIGKILL')
    return { how: 'The system ended the engine, most likely for lack of memory', isMemory: true };
  if (CRASHES.includes(signal) || CRASH_CODES.includes(code))
    return {
      how: `The engine crashed in native code (${signal ?? `code ${code ?? '?'}`}), often for lack of memory`,
      isMemory: true,
    };
  const by = signal ?? (code === null ? null : `code ${code}`);
  return { how: `The engine stopped${by === null ? '' : ` (${by})`}`, isMemory: false };
}

/** One engine process, spoken to over Node's own channel. */
export class EngineProcess {
  private readonly child: ChildProcess;
  /** Settles when it has ended, in whatever way. */
  readonly exited: Promise<EngineExit>;

  constructor(module: string, onOutput: (text: string) => void) {
    // On the desktop the extension host's program is Electron, which is Node where it is told so.
    const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1', ELECTRON_NO_ASAR: '1' };
    this.child = fork(module, ['--node-ipc'], { silent: true, execArgv: [], env });
    this.child.stdout?.on('data', (data: Buffer) => onOutput(data.toString()));
    this.child.stderr?.on('data', (data: Buffer) => onOutput(data.toString()));
    this.exited = new Promise((done) => {
      this.child.once('exit', (code, signal) => done({ code, signal }));
      this.child.once('error', () => done({ code: null, signal: null }));
    });
  }

  /** For the language client. */
  async transports(): Promise<MessageTransports> {
    const { IPCMessageReader, IPCMessageWriter } = await import('./languageClient');
    return { reader: new IPCMessageReader(this.child), writer: new IPCMessageWriter(this.child) };
  }

  /** Ends it by force; for one that does not answer. */
  kill(): void {
    this.child.kill('SIGKILL');
  }
}
