import type { Report } from '../engine/protocol';

/** The user's own decisions by layer name: true keeps it in float. */
export type FloatToggles = Record<string, boolean>;

/** The layers to keep in float, worst advised first, then those that the user added. */
export function keptInFloat(report: Report, toggles: FloatToggles): string[] {
  const advised = report.keepFloat.filter((name) => toggles[name] !== false);
  const added = report.layers.map(({ name }) => name).filter((name) => toggles[name] === true);
  return [...new Set([...advised, ...added])];
}
