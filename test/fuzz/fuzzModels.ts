import { fork, type ChildProcess } from 'node:child_process';
import { parseArgs } from 'node:util';

export interface CaseResult {
  seed: number;
  /** The file and what was changed in it. */
  what: string;
  outcome: 'refused' | 'opened' | 'read or refused' | 'refused by onnxruntime' | 'ran';
  /** What went wrong, if something did. */
  fault: string | null;
}

/** Longest time of one case, runs in onnxruntime included. */
const TIMEOUT_MS = 20_000;

declare const FUZZ_CHILD: string;

/** One child after another: a case that ends its process is a finding, and the next case gets a new one. */
class Runner {
  private child: ChildProcess | undefined;

  carryOut(seed: number, native: boolean): Promise<CaseResult> {
    const child = (this.child ??= fork(FUZZ_CHILD, {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    }));
    return new Promise((resolve) => {
      let at = 'starting';
      const end = (result: CaseResult) => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(result);
      };
      const lose = (fault: string) => {
        this.child = undefined;
        child.kill('SIGKILL');
        end({ seed, what: at, outcome: 'refused', fault });
      };
      const timer = setTimeout(() => lose(`did not end in ${TIMEOUT_MS} ms`), TIMEOUT_MS);
      child.on('message', (message: CaseResult | { stage: string }) => {
        if ('stage' in message) at = message.stage;
        else end(message);
      });
      child.on('exit', (code, signal) => lose(`ended its process (${signal ?? `code ${code}`})`));
      child.send({ seed, native });
    });
  }

  end(): void {
    this.child?.kill();
  }
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '2000' },
    /** Every how-manieth case also runs in onnxruntime; 0 for none. */
    native: { type: 'string', default: '4' },
  },
});
const first = Number(values.seed) * 1_000_003;
const count = Number(values.count);
const every = Number(values.native);
const runner = new Runner();
const outcomes: Record<string, number> = {};
const faults: CaseResult[] = [];
for (let i = 0; i < count; i++) {
  const result = await runner.carryOut(first + i, every > 0 && i % every === 0);
  outcomes[result.outcome] = (outcomes[result.outcome] ?? 0) + 1;
  if (result.fault !== null) {
    faults.push(result);
    console.log(`case ${i} (${result.what}) ${result.fault}`);
  }
}
runner.end();
console.log(
  `${count} cases: ${Object.entries(outcomes)
    .map(([name, n]) => `${n} ${name}`)
    .join(', ')}; ${faults.length} findings.`,
);
process.exitCode = faults.length === 0 ? 0 : 1;
