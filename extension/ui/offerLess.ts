import { availableParallelism } from 'node:os';
import * as vscode from 'vscode';
import type { ErrorData } from '../../engine/shared/protocol/error';
import { errorLine } from '../common/failure';
import { readLimits, readSettings } from '../common/settings';
import { showMessage } from './showMessage';

/** Where nobody said how many samples, the first offer. */
const SAMPLES = 32;

/** What a run that had no memory may do with: half the threads or samples; `null` where there is nothing to halve. */
export function lessOf(
  threads: number | null,
  samples: number | null,
  cores: number,
): { threads: number | null; samples: number | null } {
  const now = threads ?? Math.min(8, cores);
  const fewer = samples === null ? SAMPLES : Math.floor(samples / 2);
  return { threads: now > 1 ? Math.floor(now / 2) : null, samples: fewer >= 1 ? fewer : null };
}

/** Tells that memory ran short, and offers to go on with less; settles when the message is closed. */
export async function offerLess(error: ErrorData, model: vscode.Uri): Promise<void> {
  const less = lessOf(readLimits().threads, readSettings(model).samples, availableParallelism());
  const fewerThreads =
    less.threads === null ? null : `Use ${less.threads} Thread${less.threads === 1 ? '' : 's'}`;
  const fewerSamples =
    less.samples === null ? null : `Use ${less.samples} Sample${less.samples === 1 ? '' : 's'}`;
  const offers = [fewerThreads, fewerSamples].filter((offer) => offer !== null);
  const choice = await showMessage('error', errorLine(error), ...offers, 'Show Log');
  if (choice === undefined) return;
  if (choice === 'Show Log') {
    await vscode.commands.executeCommand('quantscope.showLog');
    return;
  }
  const settings = vscode.workspace.getConfiguration('quantscope', model);
  // Threads are the machine's, and samples the data's.
  if (choice === fewerThreads)
    await settings.update('threads', less.threads, vscode.ConfigurationTarget.Global);
  else await settings.update('samples', less.samples, vscode.workspace.workspaceFolders === undefined);
  await vscode.commands.executeCommand('quantscope.analyze', model);
}
