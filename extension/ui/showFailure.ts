import * as vscode from 'vscode';
import type { ErrorData } from '../../engine/shared/protocol/error';
import { errorLine } from '../common/failure';
import { showMessage } from './showMessage';

/** Shows one message for a command that the user ran; settles when it is closed. */
export async function showFailure(error: ErrorData): Promise<void> {
  const choice = await showMessage('error', errorLine(error), 'Show Log');
  if (choice !== undefined) await vscode.commands.executeCommand('quantscope.showLog');
}
