import { getLocation, type JSONPath } from 'jsonc-parser';
import { formatMeasuredDrop, formatMethod, formatScore } from '../../shared/format';
import { layerChoices, operatorChoices, remedyNames } from '../../recipe/parseRecipe';
import { profileChoices } from '../../recipe/parseSettings';
import type {
  CalibrationChoice,
  LayerChoice,
  ProfileChoice,
  RemedyName,
} from '../../shared/protocol/choices';
import type { PartIndex, RuledPart } from '../../shared/recipe/partIndex';
import type { RecipeSubject } from './recipeSubject';
import type { RecipeTree, WrittenRule } from './recipeTree';
import type { Place } from '../textFeatures';

/** Something that may stand at a place of a recipe. */
export interface RecipeCompletion {
  label: string;
  detail: string;
  kind: 'layer' | 'operator' | 'type' | 'tensor' | 'choice';
  /** As JSON. */
  text: string;
  /** What it takes the place of. */
  place: Place;
  /** Whether a key is written whose value is still to come. */
  opensValue: boolean;
}

type Offer = Pick<RecipeCompletion, 'label' | 'detail' | 'kind'>;

const choiceDetails: Record<LayerChoice | 'auto', string> = {
  int8: '8-bit activations and weights',
  uint8: 'unsigned weights, which do not saturate without VNNI',
  int16: '16-bit activations, int8 weights',
  int4: 'weights in 4 bits, a scale for each output',
  'int4-block': 'weights in 4 bits, a scale for each 32 inputs',
  dynamic: 'int8 weights, input quantized as it runs',
  'int8-weights': 'weights stored in int8',
  float: 'as it was',
  float16: 'weights stored as halves',
  auto: 'left to the analysis, whatever rules before it say',
};
const profileDetails: Record<ProfileChoice, string> = {
  auto: 'the processor of this machine',
  x86: 'Intel and AMD with VNNI',
  'x86-avx2': 'Intel and AMD without VNNI: 7-bit weights',
  arm: 'Arm',
  tensorrt: "NVIDIA's TensorRT",
};
const remedyDetails: Record<RemedyName, string> = {
  equalize: 'even out the channels of weights in a row',
  'split-depthwise': 'depthwise convolutions in parts of like range',
  gelu10: 'bound GELU at 10',
  round: 'round weights by what their layer makes of them',
  'correct-bias': 'take the mean error out of biases',
};
const methods: readonly CalibrationChoice[] = [
  ...(['auto', 'mixed', 'max', 'entropy', 'mse', 'percentile:99.9', 'percentile:99.99'] as const),
  ...(['percentile:99.999', 'percentile:99.9999'] as const),
];

/** Each key that is typed asks again, and thousands of figures take long to put in words. */
const offered = new WeakMap<PartIndex<RuledPart>, Offer[]>();

function measuredParts(
  index: PartIndex<RuledPart>,
  kind: 'layer' | 'operator',
  { report, measured, measuredOperators }: RecipeSubject,
): Offer[] {
  const known = offered.get(index);
  if (known !== undefined) return known;
  const results = kind === 'layer' ? measured : measuredOperators;
  const dropOf = ({ name }: RuledPart) => results.get(name)?.drop ?? -Infinity;
  const offers = [...index.parts]
    .sort((a, b) => dropOf(b) - dropOf(a))
    .map((part) => {
      const found = results.get(part.name);
      const drop =
        report === null || found === undefined ? '' : `, ${formatMeasuredDrop(report.float.metric, found)}`;
      return { kind, label: part.name, detail: `${part.opType}${drop}` };
    });
  offered.set(index, offers);
  return offers;
}

function keyOffers(
  what: 'layers' | 'operators',
  rules: readonly WrittenRule[],
  subject: RecipeSubject,
  editing: string | null,
): Offer[] {
  const index = subject[what];
  const kind = what === 'layers' ? 'layer' : 'operator';
  const there = new Set(rules.map(({ match }) => match).filter((match) => match !== editing));
  const types = index.types.map((label): Offer => ({
    label,
    kind: 'type',
    detail: `all ${index.find(label).parts.length} ${what}`,
  }));
  const all: Offer = { label: '*', kind: 'type', detail: `all ${what}` };
  return [...measuredParts(index, kind, subject), ...types, all].filter(({ label }) => !there.has(label));
}

function tensorOffers(
  clips: readonly WrittenRule[],
  { tensors }: RecipeSubject,
  editing: string | null,
): Offer[] {
  const there = new Set(clips.map(({ match }) => match).filter((match) => match !== editing));
  return [...tensors.all]
    .filter((label) => !there.has(label))
    .map((label) => ({ label, kind: 'tensor', detail: 'activation' }));
}

function choiceOffers(match: string, what: 'layers' | 'operators', subject: RecipeSubject | null): Offer[] {
  const all: readonly LayerChoice[] = what === 'layers' ? layerChoices : operatorChoices;
  const found = subject?.[what].find(match).parts ?? [];
  const possible = found.length === 0 ? null : new Set(found.flatMap(({ choices }) => choices));
  const able = all.filter((choice) => possible?.has(choice) ?? true);
  return [...able, 'auto' as const].map((choice) => ({
    ...{ label: choice, kind: 'choice', detail: choiceDetails[choice] },
  }));
}

function valueOffers(path: JSONPath, subject: RecipeSubject | null): Offer[] {
  const [key, name] = path;
  const details = <T extends string>(names: readonly T[], detailOf: (name: T) => string): Offer[] =>
    names.map((label) => ({ label, kind: 'choice', detail: detailOf(label) }));
  if ((key === 'layers' || key === 'operators') && path.length === 2 && typeof name === 'string')
    return choiceOffers(name, key, subject);
  if (key === 'profile' && path.length === 1) return details(profileChoices, (p) => profileDetails[p]);
  if (key === 'remedies' && path.length === 2) return details(remedyNames, (r) => remedyDetails[r]);
  if (key === 'calibration' && path.length === 1) {
    const report = subject?.report ?? null;
    return details(methods, (method) => {
      const tried = report?.calibrationTable.find((row) => row.method === method);
      const reached =
        tried === undefined || report === null ? '' : `: ${formatScore(report.float.metric, tried.score)}`;
      return method === 'auto' ? 'the one that scores best' : `${formatMethod(method)}${reached}`;
    });
  }
  return [];
}

/** What may stand at `offset` of a recipe, in the order in which it is to be shown. */
export function recipeCompletion(
  tree: RecipeTree,
  subject: RecipeSubject | null,
  offset: number,
): RecipeCompletion[] {
  if (tree.parsed === null) return [];
  const { path, isAtPropertyKey, previousNode } = getLocation(tree.text, offset);
  const isIn =
    previousNode !== undefined &&
    (previousNode.type === 'string' || previousNode.type === 'property') &&
    offset > previousNode.offset &&
    offset <= previousNode.offset + previousNode.length;
  const place = isIn
    ? { start: previousNode.offset, end: previousNode.offset + previousNode.length }
    : { start: offset, end: offset };
  const [what] = path;
  let offers: Offer[] = [];
  if (!isAtPropertyKey) offers = valueOffers(path, subject);
  else if (path.length === 2 && subject !== null) {
    const editing = isIn ? String(previousNode.value) : null;
    if (what === 'layers' || what === 'operators') offers = keyOffers(what, tree[what], subject, editing);
    else if (what === 'clips') offers = tensorOffers(tree.clips, subject, editing);
  }
  const opensValue = isAtPropertyKey && !/^\s*:/.test(tree.text.slice(place.end, place.end + 100));
  return offers.map((offer) => ({ ...offer, place, opensValue, text: JSON.stringify(offer.label) }));
}
