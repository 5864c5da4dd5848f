import { runCommand } from '../../engine/cli/runCommand';

/** One run of the program in this process: what it said, and what is wrong with that. */
export interface CliRun {
  status: number;
  stderr: string;
  /** `null` where it ended well or in one line of words. */
  fault: string | null;
}

/** Runs one command line. */
export async function runCli(...parameters: string[]): Promise<CliRun> {
  let stderr = '';
  const { stdout, stderr: errors } = process;
  const before = [stdout.write.bind(stdout), errors.write.bind(errors)] as const;
  stdout.write = () => true;
  errors.write = (text: string | Uint8Array) => {
    stderr += typeof text === 'string' ? text : new TextDecoder().decode(text);
    return true;
  };
  try {
    const status = await runCommand(parameters);
    return { status, stderr, fault: faultOf(parameters, status, stderr) };
  } finally {
    stdout.write = before[0];
    errors.write = before[1];
  }
}

/** What `lint` finds is told on stdout. */
function faultOf(parameters: readonly string[], status: number, stderr: string): string | null {
  if (stderr.includes('Unexpected:') || /\n\s+at /.test(stderr)) return `said ${stderr.slice(-600)}`;
  const lines = stderr.split('\n').filter((line) => line.startsWith('quantscope: '));
  const isTold = lines.length === 1 || (lines.length === 0 && (status === 0 || parameters[0] === 'lint'));
  if (!isTold) return `ended with ${status} and ${lines.length} lines of why`;
  return null;
}
