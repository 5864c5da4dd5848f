import type { ClippedInput, RemediedInputs } from '../../engine/shared/protocol/layerDetail';
import type { LayerInput } from '../../engine/shared/protocol/report';
import type { ProfileName } from '../../engine/shared/protocol/choices';
import { formatDb, formatShare, formatValue } from '../../engine/shared/format';
import { clipEffect } from './clipEffect';
import { ownValue } from '../../engine/shared/ownValue';

/** One figure of a tensor before a remedy, and of what it became: of each part where it was split. */
export interface ChangedFigure {
  term: string;
  before: string;
  after: string[];
}

/** What a remedy changed about what a layer reads, in figures of its grid. */
export function changedFigures(
  { before, after }: RemediedInputs['inputs'][number],
  profile: ProfileName,
): ChangedFigure[] {
  const [own, ...parts] = [before, ...after].map((input) => figuresOf(input, profile));
  return Object.entries(own ?? {}).map(([term, value]) => ({
    ...{ term, before: value },
    after: parts.map((part) => ownValue(part, term) ?? ''),
  }));
}

function figuresOf(input: ClippedInput, profile: ProfileName): Record<string, string> {
  const { min, max, clip } = input;
  const effect = clipEffect(input, clip, profile);
  const { codesUsed, codes, bits, sqnrDb } = effect;
  return {
    Range: `${formatValue(min)} to ${formatValue(max)}`,
    Clip: `±${formatValue(clip)}`,
    'Cuts off': formatShare(effect.share),
    Step: formatValue(effect.grid.step),
    'Codes used': `${codesUsed} of ${codes}`,
    'A code tells': `${bits.toFixed(1)} bits`,
    'SQNR of the tensor': sqnrDb === null ? 'no noise' : formatDb(sqnrDb),
  };
}

/** The tensor with no clip but that of its grid, named by what set it: the user, a remedy's limit or the calibrator. */
export function withClipInUse({ clip, ...input }: ClippedInput): { shown: LayerInput; method: string } {
  const own = ownValue(input.clips, input.method) ?? 0;
  const method = input.decided !== undefined ? 'decided' : clip < own ? 'limit' : input.method;
  return { shown: { ...input, clips: clip > 0 ? { [method]: clip } : {} }, method };
}
