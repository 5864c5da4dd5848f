// The pipeline in a terminal. Exit 0: done; 1: the work failed; 2: wrong usage; 130: interrupted.
import { runCommand } from './cli/runCommand';
import { cancel, pool } from './cli/terminal';

process.once('SIGINT', cancel);

void runCommand(process.argv.slice(2))
  .finally(() => pool.dispose())
  .then((code) => {
    if (code !== 0) process.exitCode = code;
  });
