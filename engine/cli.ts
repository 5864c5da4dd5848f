// The pipeline in a terminal. Exit 0: done; 1: the work failed; 2: wrong usage; 130: interrupted (143 by SIGTERM, 129 by SIGHUP);
// 141: nobody reads what it prints, as after SIGPIPE.
import { ending } from './cli/ending';
import { runCommand, tellCancelled } from './cli/runCommand';
import { watchStreams, writeText } from './cli/standardStreams';
import { pool } from './cli/terminal';
import { endWithoutWaiting } from './common/endAtOnce';

endWithoutWaiting();
for (const [signal, code] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const, ['SIGHUP', 129] as const])
  process.on(signal, () => ending.interrupt(code, tellCancelled));

let code = 0;
watchStreams((loss) => {
  if (!loss.isReaderGone) writeText('stderr', `quantscope: Cannot write to standard output: ${loss.why}.\n`);
  ending.lose(loss.isReaderGone ? 141 : 1);
  process.exitCode = ending.codeAfter(code);
});

void runCommand(process.argv.slice(2)).then(async (came) => {
  code = came;
  process.exitCode = ending.codeAfter(code);
  await pool.dispose();
});
