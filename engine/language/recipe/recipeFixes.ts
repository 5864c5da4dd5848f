import type { Edit } from 'jsonc-parser';
import type { LayerChoice } from '../../shared/protocol/choices';
import { decideInTree, partsAt, removeRules } from '../../shared/recipe/recipeEdits';
import type { RecipeSubject } from './recipeSubject';
import type { RecipeTree, WrittenRule } from './recipeTree';
import type { Place } from '../textFeatures';

/** A change of a recipe that mends something, with a title for people. */
export interface RecipeFix {
  title: string;
  /** None where the text cannot be edited so; made when asked for, since each looks at all of it. */
  edits: () => Edit[];
  isPreferred: boolean;
}

/** Names come from files; menus show one line. */
const TITLE_NAME = 60;

export function shownName(name: string): string {
  const line = name.replaceAll(/[\s\p{C}]+/gu, ' ');
  return line.length <= TITLE_NAME ? line : `${line.slice(0, TITLE_NAME - 1)}…`;
}

export function replacement(
  title: string,
  { start, end }: Place,
  value: string,
  isPreferred = true,
): RecipeFix {
  const edits = () => [{ offset: start, length: end - start, content: JSON.stringify(value) }];
  return { title, isPreferred, edits };
}

export function removal({ text }: RecipeTree, rule: WrittenRule, isPreferred: boolean): RecipeFix {
  return { title: 'Remove this rule', isPreferred, edits: () => removeRules(text, [rule.whole]) };
}

/** Decides layers by rules of their own, behind all others. */
export function decision(
  title: string,
  { text, parsed, errors }: RecipeTree,
  { layers }: RecipeSubject,
  names: readonly string[],
  choice: LayerChoice,
): RecipeFix {
  const edits = () =>
    parsed?.root === undefined || errors.length > 0
      ? []
      : (decideInTree(text, parsed.root, {
          ...{ part: 'layers', keys: names, value: choice },
          ...{ partsOf: partsAt(layers), knowsAll: true },
        }) ?? []);
  return { title, isPreferred: true, edits };
}
