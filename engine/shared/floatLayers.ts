import type { LayerChoice } from './protocol/choices';
import type { Report } from './protocol/report';

/** Whether a layer that is this computes on floats. */
export function isFloatChoice(choice: LayerChoice | undefined): boolean {
  return choice === 'float' || choice === 'float16';
}

/** The layers that stay in float: worst advised first, but those decided otherwise, then those that the user added. */
export function keptInFloat(
  report: Pick<Report, 'keepFloat' | 'layers'>,
  decided: ReadonlyMap<string, LayerChoice>,
): string[] {
  const advised = report.keepFloat.filter((name) => !decided.has(name) || isFloatChoice(decided.get(name)));
  const added = report.layers.map(({ name }) => name).filter((name) => isFloatChoice(decided.get(name)));
  return [...new Set([...advised, ...added])];
}
