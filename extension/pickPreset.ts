import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { PresetName } from '../engine/protocol';

/** What package.json says of the setting `quantscope.preset`. */
interface PresetSetting {
  enum: (PresetName | null)[];
  markdownEnumDescriptions: string[];
}

/** Whether data is a folder of pictures that no manifest speaks for. */
export async function needsPreset(data: string): Promise<boolean> {
  const type = await vscode.workspace.fs.stat(vscode.Uri.file(data)).then(
    (found) => found.type,
    () => vscode.FileType.Unknown,
  );
  if ((type & vscode.FileType.Directory) === 0) return false;
  const holds = async (glob: string) =>
    (await vscode.workspace.findFiles(new vscode.RelativePattern(data, glob), null, 1)).length > 0;
  return !(await holds('quantscope.json')) && (await holds('**/*.{png,jpg,jpeg,bmp,tif,tiff,webp,gif}'));
}

/** Asks how the pictures of a folder become tensors; the one in use comes first. */
export async function pickPreset(
  folder: string,
  inUse: PresetName | null,
  { extension }: vscode.ExtensionContext,
): Promise<PresetName | undefined> {
  const { contributes } = extension.packageJSON as {
    contributes: { configuration: { properties: Record<'quantscope.preset', PresetSetting> } };
  };
  const setting = contributes.configuration.properties['quantscope.preset'];
  const items = setting.enum.flatMap((preset, i) =>
    preset === null
      ? []
      : [
          {
            label: preset,
            detail: setting.markdownEnumDescriptions[i] ?? '',
            ...(preset === inUse ? { description: 'In use' } : {}),
            preset,
          },
        ],
  );
  items.sort((a, b) => Number(b.preset === inUse) - Number(a.preset === inUse));
  const picked = await vscode.window.showQuickPick(items, {
    title: `How the pictures of ${basename(folder)} become tensors`,
    placeHolder: 'As the model was trained',
    matchOnDetail: true,
  });
  return picked?.preset;
}
