// The pipeline in a terminal. Exit 0: done; 1: the work failed; 2: wrong usage; 130: interrupted.
import { Command, CommanderError } from 'commander';
import { addAnalyze, addMerge, addTable } from './cli/analyzeCommands';
import { addData, addInspect, addLint } from './cli/inspectCommands';
import { addCalibrate, addEvaluate } from './cli/measureCommands';
import { addDemo, addPlan, addQuantize } from './cli/quantizeCommands';
import { machineOutput } from './cli/machineOutput';
import { cancel, clearProgress, pool } from './cli/terminal';
import { EngineError, errorText } from './engineError';

const program = new Command('quantscope')
  .description('Shows what int8 quantization does to an ONNX model, layer by layer, and fixes it.')
  .exitOverride()
  .configureOutput({ writeErr: () => undefined });

// In the order in which --help lists them.
const commands = [
  ...[addInspect, addLint, addData, addAnalyze, addQuantize, addPlan],
  ...[addCalibrate, addTable, addMerge, addEvaluate, addDemo],
];
for (const add of commands) add(program);
machineOutput.addTo(program);

process.once('SIGINT', cancel);

async function main(): Promise<number> {
  try {
    await program.parseAsync();
    return 0;
  } catch (thrown) {
    clearProgress();
    if (thrown instanceof CommanderError) {
      if (thrown.exitCode === 0) return 0;
      // Without a command, commander throws what it calls its help.
      const said = thrown.code === 'commander.help' ? 'Say what to do.' : thrown.message;
      const line = said.replace(/^error: /, '').replace(/(?<![.?])$/, '.');
      process.stderr.write(`quantscope: ${line} See quantscope --help.\n`);
      return 2;
    }
    const line = thrown instanceof EngineError ? thrown.toLine() : `Unexpected: ${errorText(thrown)}`;
    machineOutput.error(
      thrown instanceof EngineError ? thrown.toData() : { code: 'runtime', message: line, hint: '' },
    );
    process.stderr.write(`quantscope: ${line}\n`);
    if (!(thrown instanceof EngineError)) return 1;
    if (thrown.code === 'cancelled') return 130;
    return thrown.code === 'bad-option' ? 2 : 1;
  } finally {
    await pool.dispose();
  }
}

void main().then((code) => {
  if (code !== 0) process.exitCode = code;
});
