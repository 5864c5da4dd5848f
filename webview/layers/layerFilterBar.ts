import { rollup } from 'd3-array';
import { causeTitles } from '../../engine/shared/findings';
import { shorten } from '../../engine/shared/format';
import type { CauseKind } from '../../engine/shared/protocol/report';
import { facetCount, noFacets } from '../state/layerFilter';
import { type State, type Facets, stateKinds, type StateKind } from '../state/state';
import { add, addButton, whenChanged, type Host, type Update } from '../ui/dom';

const stateTitles: Record<StateKind, string> = {
  int8: 'int8',
  'falls-back': 'int8, runs in float',
  float: 'float',
  other: 'other grids',
};

type Option = readonly [value: string, label: string];

function addFacetSelect(
  parent: HTMLElement,
  label: string,
  choose: (value: string | null) => void,
): (options: readonly Option[], value: string | null) => void {
  const select = add(parent, 'select', 'dropdown');
  select.setAttribute('aria-label', label);
  select.addEventListener('change', () => choose(select.value === '' ? null : select.value));
  let listed = '';
  return (options, value) => {
    const all: readonly Option[] = [['', label], ...options];
    const list = JSON.stringify(all);
    if (list !== listed) {
      select.replaceChildren(
        ...all.map(([text, title]) => {
          const option = document.createElement('option');
          option.value = text;
          option.textContent = shorten(title, 60);
          return option;
        }),
      );
      listed = list;
    }
    select.value = value ?? '';
    select.classList.toggle('is-set', value !== null);
  };
}

function addFacetBox(parent: HTMLElement, label: string, set: (on: boolean) => void): HTMLInputElement {
  const frame = add(parent, 'label', 'check');
  const box = add(frame, 'input', '');
  box.type = 'checkbox';
  box.addEventListener('change', () => set(box.checked));
  add(frame, 'span', '', label);
  return box;
}

function countBy<T extends string>(values: readonly T[]): [T, number][] {
  return [
    ...rollup(
      values,
      (all) => all.length,
      (value) => value,
    ),
  ].sort((a, b) => b[1] - a[1]);
}

/** The bar of what listed layers have to be like. */
export function mountFilterBar(parent: HTMLElement, host: Host): Update {
  const bar = add(parent, 'div', 'facet-bar');
  bar.id = 'layer-facets';
  bar.setAttribute('role', 'group');
  bar.setAttribute('aria-label', 'Which layers to list');
  const ask = (facets: Partial<Facets>) => host.dispatch({ type: 'facets', facets });
  const drawState = addFacetSelect(bar, 'Any state', (value) =>
    ask({ state: stateKinds.find((kind) => kind === value) ?? null }),
  );
  const drawOperator = addFacetSelect(bar, 'Any operator', (operator) => ask({ operator }));
  const drawCause = addFacetSelect(bar, 'Any cause', (value) =>
    ask({ cause: (Object.keys(causeTitles) as CauseKind[]).find((kind) => kind === value) ?? null }),
  );
  const noise = addFacetBox(bar, 'Above noise only', (aboveNoise) => ask({ aboveNoise }));
  const decided = addFacetBox(bar, 'Decided by me', (on) => ask({ decided: on }));
  const clear = addButton(bar, 'clear-facets', 'Clear', 'secondary', () => {
    ask(noFacets);
    // The button has just gone.
    bar.querySelector('select')?.focus();
  });

  const drawOptions = whenChanged(
    (state) => [state.model, state.report, state.view.facets],
    ({ model, report, view }) => {
      const { facets } = view;
      drawState(
        stateKinds.map((kind) => [kind, stateTitles[kind]]),
        facets.state,
      );
      const operators = countBy((model?.layers ?? []).map((layer) => layer.opType));
      drawOperator(
        operators.map(([type, count]) => [type, `${type} (${count})`]),
        facets.operator,
      );
      const causes = countBy((report?.layers ?? []).flatMap((layer) => layer.cause?.kind ?? []));
      drawCause(
        causes.map(([kind, count]) => [kind, `${causeTitles[kind]} (${count})`]),
        facets.cause,
      );
      noise.checked = facets.aboveNoise;
      decided.checked = facets.decided;
      clear.hidden = facetCount(facets) === 0;
    },
  );
  return (state: State) => {
    bar.hidden = !state.view.showsFacets && facetCount(state.view.facets) === 0;
    drawOptions(state);
  };
}
