import { basename } from 'node:path';
import * as vscode from 'vscode';
import { recipeText } from '../../engine/shared/recipe/recipeText';
import { Refusal, toErrorData } from '../common/failure';
import type { Services } from '../session/services';
import { showFailure } from '../ui/showFailure';
import { targetModel } from '../ui/targetModel';
import { askToGoOn } from '../ui/showMessage';

const isRecipe = ({ uri }: vscode.TextDocument) => uri.scheme === 'file' && uri.path.endsWith('.quant.json');

/**
 * `quantscope.writeRecipe(model?)`: what the last quantization of this window decided, into the file beside the model. A recipe
 * that is opened starts the engine, which checks it.
 */
export function registerRecipes(services: Services): void {
  const { context, engine, log } = services;
  const heed = (document: vscode.TextDocument) => {
    if (isRecipe(document))
      void engine.start().catch((thrown: unknown) => log.error(toErrorData(thrown).message));
  };
  vscode.workspace.textDocuments.forEach(heed);
  context.subscriptions.push(
    vscode.workspace.onDidOpenTextDocument(heed),
    vscode.commands.registerCommand('quantscope.writeRecipe', (model: unknown) => write(model, services)),
  );
}

async function write(argument: unknown, { sessions, log }: Services): Promise<vscode.Uri | undefined> {
  const model = await targetModel(argument);
  if (model === undefined) return undefined;
  const session = sessions.get(model);
  try {
    await session.ready();
    const {
      quantized,
      recipe: { file },
    } = session;
    if (quantized === null)
      throw new Refusal({
        code: 'not-found',
        message: `${basename(model.fsPath)} has not been quantized in this window yet.`,
        hint: 'Quantize it: what was decided can be written then.',
      });
    const text = recipeText({
      ...quantized.recipe,
      ...(session.hash === null ? {} : { model: session.hash }),
    });
    const known = await file.read();
    if (known === text || (known !== null && !(await mayReplace(file.uri)))) return undefined;
    await file.replace(text);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(file.uri));
    return file.uri;
  } catch (thrown) {
    const error = toErrorData(thrown);
    log.error(error.message);
    void showFailure(error);
    return undefined;
  }
}

async function mayReplace(recipe: vscode.Uri): Promise<boolean> {
  const detail = 'Its rules and comments give way to all that the last quantization decided.';
  const answer = await askToGoOn(`Replace ${basename(recipe.fsPath)}?`, detail, 'Replace');
  return answer === 'Replace';
}
