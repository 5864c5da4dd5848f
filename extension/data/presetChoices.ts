import type { PresetName } from '../../engine/shared/protocol/choices';

/** What package.json says of the setting `quantscope.preset`. */
export interface PresetSetting {
  enum: (PresetName | null)[];
  markdownEnumDescriptions: string[];
}

/** One answer to how pictures become tensors, as a list shows it; `null` names no preset. */
export interface PresetChoice {
  preset: PresetName | null;
  label: string;
  description?: string;
  detail: string;
}

/**
 * The answers for a folder, the one in use first. No preset comes last for a bare folder, which is refused without one.
 * @param folder with a manifest that leaves it open, or without any
 */
export function presetChoices(
  folder: 'bare' | 'manifest',
  inUse: PresetName | null,
  setting: PresetSetting,
): PresetChoice[] {
  const choices = setting.enum.map((preset, i): PresetChoice => {
    const used = preset === inUse && (preset !== null || folder === 'manifest');
    return {
      preset,
      label: preset ?? (folder === 'bare' ? 'None' : "The manifest's own"),
      ...(used ? { description: 'In use' } : {}),
      // A list shows Markdown as it is written.
      detail:
        preset === null ? without[folder] : (setting.markdownEnumDescriptions[i] ?? '').replaceAll('`', ''),
    };
  });
  const place = ({ preset, description }: PresetChoice) =>
    description !== undefined ? 0 : preset === null ? 2 : 1;
  return choices.sort((a, b) => place(a) - place(b));
}

const without = {
  bare: 'The pictures are refused until a quantscope.json there says how they become tensors.',
  manifest:
    'Only what quantscope.json says, which so far is nothing: pictures among its samples are refused.',
};
