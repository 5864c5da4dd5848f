import * as vscode from 'vscode';
import { recipePathOf } from '../../engine/shared/recipe/recipeText';
import { toErrorData } from '../common/failure';
import { type Services } from '../session/services';
import { VIEW_TYPE } from '../common/contributionIds';
import { showFailure } from '../ui/showFailure';

/** What links in hovers and lenses of recipes run: each is given the model's path, and a layer of it. */
export function registerLayerCommands({ context, sessions, log }: Services): void {
  const command = (name: string, run: (model: vscode.Uri, layer: string | undefined) => Promise<void>) =>
    vscode.commands.registerCommand(`quantscope.${name}`, async (path: unknown, layer: unknown) => {
      if (typeof path !== 'string') return;
      try {
        await run(vscode.Uri.file(path), typeof layer === 'string' ? layer : undefined);
      } catch (thrown) {
        const error = toErrorData(thrown);
        log.error(`${path}: ${error.message}`);
        void showFailure(error);
      }
    });
  context.subscriptions.push(
    command('showLayer', async (model, layer) => {
      // Brings the editor that is there to the front.
      await vscode.commands.executeCommand('vscode.openWith', model, VIEW_TYPE, { preview: false });
      if (layer !== undefined) sessions.get(model).send({ type: 'select', layer });
    }),
    command('keepInFloat', async (model, layer) => {
      if (layer === undefined) return;
      const session = sessions.get(model);
      await session.ready();
      await session.recipe.decideLayers([layer], 'float');
    }),
    command('openRecipe', async (model) => {
      const recipe = vscode.Uri.file(recipePathOf(model.fsPath));
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(recipe));
    }),
  );
}
