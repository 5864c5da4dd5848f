import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { PresetName } from '../../engine/shared/protocol/choices';
import { presetChoices, type PresetChoice, type PresetSetting } from '../data/presetChoices';

/**
 * Asks how the pictures of a folder become tensors; the preset in use comes first.
 * `undefined` when the user chose nothing; the `preset` of the answer is `null` for none.
 */
export async function pickPreset(
  path: string,
  folder: 'bare' | 'manifest',
  inUse: PresetName | null,
  { extension }: vscode.ExtensionContext,
): Promise<PresetChoice | undefined> {
  const { contributes } = extension.packageJSON as {
    contributes: { configuration: { properties: Record<'quantscope.preset', PresetSetting> } };
  };
  const setting = contributes.configuration.properties['quantscope.preset'];
  return vscode.window.showQuickPick(presetChoices(folder, inUse, setting), {
    title: `How the pictures of ${basename(path)} become tensors`,
    placeHolder: 'As the model was trained; remembered with the data',
    matchOnDetail: true,
  });
}
