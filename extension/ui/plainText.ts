import { neutral } from '../../engine/shared/neutral';

/**
 * Text for where VS Code makes links of `[text](command:…)` and pictures of `$(icon)`: in notifications, progress and quick picks.
 * Names in it come from files; such a part of it stays text.
 */
export function plainText(text: string): string {
  return neutral(text).replaceAll('](', '] (').replaceAll('$(', '$ (');
}
