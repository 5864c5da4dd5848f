import { Option, type Command } from 'commander';
import { neutral, neutralJson } from '../shared/neutral';
import type { ErrorData, Progress } from '../shared/protocol/error';
import type { MeasuredLayer, TargetVerdict } from '../shared/protocol/report';
import { verdictWord } from '../shared/accuracyTarget';
import { writeText } from './standardStreams';

/** A line on stdout with `--progress json`, as docs/cli.md tells. */
export type OutputEvent =
  | ({ event: 'progress' } & Progress)
  | { event: 'measured'; layers: MeasuredLayer[] }
  | { event: 'result'; command: string; result: unknown }
  | ({ event: 'error' } & ErrorData);

/** What programs are told by the command under way: JSON lines on stdout, problems on stderr, neither or both. */
class MachineOutput {
  isJson = false;
  private command = '';
  /** The model that problems are of; `null` when nobody wants to be told. */
  private problemsOf: string | null = null;

  /** Gives every command the options, and reads them before it runs. */
  addTo(program: Command): void {
    for (const command of program.commands) {
      command.addOption(
        new Option(
          '--progress <how>',
          'bar: a bar on stderr where that is a terminal; json: a line of JSON on stdout for each step and for the ' +
            'result, and nothing else there',
        )
          .choices(['bar', 'json'])
          .default('bar'),
      );
      command.option(
        '--problems',
        'repeat warnings and the error on stderr as "MODEL: warning: …", for editors and CI',
      );
    }
    program.hook('preAction', (_, command) => {
      const { progress, problems } = command.opts<{ progress: 'bar' | 'json'; problems?: true }>();
      this.isJson = progress === 'json';
      this.command = command.name();
      this.problemsOf = problems === true ? (command.args[0] ?? null) : null;
    });
  }

  write(event: OutputEvent): void {
    if (this.isJson) writeText('stdout', `${neutralJson(event)}\n`);
  }

  /** Tells what a command made, and what is wrong with it. */
  result(result: object): void {
    this.write({ event: 'result', command: this.command, result });
    const { warnings, verdict } = result as {
      warnings?: readonly string[];
      verdict?: TargetVerdict | null;
    };
    for (const warning of warnings ?? []) this.problem('warning', warning);
    if (verdict == null || verdict.kind === 'met') return;
    const { kind, reason } = verdict;
    this.problem(
      'warning',
      kind === 'missed'
        ? 'int8 loses more of the float score than was accepted.'
        : `Whether int8 is near enough to float is ${verdictWord(verdict)}. ${reason}`,
    );
  }

  error(error: ErrorData): void {
    this.write({ event: 'error', ...error });
    this.problem('error', [error.message, error.hint].filter(Boolean).join(' '));
  }

  private problem(severity: 'warning' | 'error', text: string): void {
    if (this.problemsOf === null) return;
    const line = `${this.problemsOf}: ${severity}: ${text.replace(/\s+/g, ' ')}`;
    writeText('stderr', `${neutral(line)}\n`);
  }
}

/** Of this process. */
export const machineOutput = new MachineOutput();
