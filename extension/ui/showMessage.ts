import * as vscode from 'vscode';
import { plainText } from './plainText';

const shows = {
  info: 'showInformationMessage',
  warning: 'showWarningMessage',
  error: 'showErrorMessage',
} as const;

/** A notification with buttons, whose text stays text whatever names are in it; answers the button, or `undefined` when it is closed. */
export async function showMessage<Item extends string>(
  kind: keyof typeof shows,
  text: string,
  ...items: readonly Item[]
): Promise<Item | undefined> {
  return vscode.window[shows[kind]](plainText(text), ...items);
}

/** A question that has to be answered before anything else, with one way on; answers that, or `undefined`. */
export async function askToGoOn<Item extends string>(
  text: string,
  detail: string,
  item: Item,
): Promise<Item | undefined> {
  return vscode.window.showWarningMessage(plainText(text), { modal: true, detail }, item);
}
