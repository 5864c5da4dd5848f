import { Command, CommanderError } from 'commander';
import { EngineError, errorText } from '../shared/engineError';
import { neutral } from '../shared/neutral';
import { addAnalyze, addMerge, addTable } from './analyzeCommands';
import { addData, addInspect, addLint } from './inspectCommands';
import { ending } from './ending';
import { machineOutput } from './machineOutput';
import { addCalibrate, addEvaluate } from './measureCommands';
import { addDemo, addPlan, addQuantize } from './quantizeCommands';
import { writeText } from './standardStreams';
import { clearProgress, freeStdout, takeExitCode } from './terminal';

// In the order in which --help lists them.
const commands = [
  ...[addInspect, addLint, addData, addAnalyze, addQuantize, addPlan],
  ...[addCalibrate, addTable, addMerge, addEvaluate, addDemo],
];

/**
 * Runs one command line.
 * @param parameters what stands behind the program's name
 * @returns what the program is to exit with: 0 done, 1 the work failed, 2 wrong usage, 130 interrupted
 */
export async function runCommand(parameters: readonly string[]): Promise<number> {
  // Anew for each: commander keeps the options of the run before.
  const program = new Command('quantscope')
    .description('Shows what int8 quantization does to an ONNX model, layer by layer, and fixes it.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => writeText('stdout', text), writeErr: () => undefined });
  for (const add of commands) add(program);
  machineOutput.addTo(program);
  freeStdout();
  try {
    await program.parseAsync(parameters, { from: 'user' });
    return takeExitCode();
  } catch (thrown) {
    clearProgress();
    if (thrown instanceof CommanderError) {
      if (thrown.exitCode === 0) return 0;
      // Without a command, commander throws what it calls its help.
      const said = thrown.code === 'commander.help' ? 'Say what to do.' : thrown.message;
      const line = said.replace(/^error: /, '').replace(/(?<![.?])$/, '.');
      writeText('stderr', `quantscope: ${neutral(line)} See quantscope --help.\n`);
      return 2;
    }
    const error =
      thrown instanceof EngineError
        ? thrown
        : new EngineError('runtime', `Unexpected: ${errorText(thrown)}`, '', { cause: thrown });
    if (error.code === 'cancelled') {
      tellCancelled();
      return 130;
    }
    tell(error);
    return error.code === 'bad-option' ? 2 : 1;
  }
}

function tell(error: EngineError): void {
  machineOutput.error(error.toData());
  writeText('stderr', `quantscope: ${neutral(error.toLine())}\n`);
}

let isCancelTold = false;

/** Says that the command was stopped, once; not where nobody reads what it prints. */
export function tellCancelled(): void {
  clearProgress();
  if (isCancelTold || ending.isQuiet) return;
  isCancelTold = true;
  tell(new EngineError('cancelled', 'Cancelled.', ''));
}
