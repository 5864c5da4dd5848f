import type { LayerInput, LayerReport, Report } from '../../engine/shared/protocol/report';
import { formatNotFinite } from '../../engine/shared/format';
import { wholeRange } from '../chart/histogramGeometry';
import { magnitudesOf } from '../chart/magnitudesOf';
import { withOwnClip } from '../chart/ownClip';
import { totalCount } from '../chart/rebin';
import type { AxisRange } from '../chart/zoomRange';
import type { State } from '../state/state';
import { addClipHandle, type ClipHandle } from './clipHandleView';
import { addClipPanel, clipInUse, decidedClip, isSameClip } from './clipPanelView';
import { addClipTable } from './clipTableView';
import { addExport } from '../export/addExport';
import { add, addName, addText, emptied, whenChanged, type Host, type Update } from '../ui/dom';
import { addHistogram, histogramCaption } from './histogramView';
import { listenToZoom } from './histogramZoom';
import { addIcon } from '../ui/icons';

/** What the user moved in the pictures of a layer, by tensor, zooms by the axis too; forgotten with the layer. */
export interface Moved {
  zooms: Map<string, AxisRange>;
  clips: Map<string, number>;
}

/** Appends one input of a layer: its histogram with a clip that can be moved, what that does, and the calibrators' clips. */
export function addInput(
  parent: HTMLElement,
  {
    layer,
    index,
    report,
    width,
    moved,
  }: { layer: LayerReport; index: number; report: Report; width: number; moved: Moved },
  host: Host,
): Update {
  const input = layer.inputs[index];
  const part = add(parent, 'div', 'input-part');
  if (input === undefined) return () => undefined;
  const { tensor } = input;
  const title = add(part, 'h3', '');
  add(title, 'span', '', layer.inputs.length > 1 ? `Input ${index + 1}: ` : 'Input: ');
  addName(title, 'span', '', tensor);
  addNotFinite(part, input);
  if (input.notFinite !== undefined && totalCount(input.histogram) === 0) {
    add(part, 'p', 'muted', 'No value is left to draw or to clip.');
    return () => undefined;
  }
  const picture = add(part, 'div', 'histogram-part');
  let handle: ClipHandle | undefined;
  const panel = addClipPanel(part, { layer: layer.name, input, report }, host, (clip) => handle?.place(clip));
  const table = add(part, 'div', 'clip-table-part');
  const patternId = `tail-${index}`;

  const drawPicture = (state: State) => {
    const hadFocus = picture.contains(document.activeElement)
      ? document.activeElement?.className.split(' ')[0]
      : undefined;
    emptied(picture);
    const { logCounts, range, magnitudes } = state.view;
    const { clipped, method } = withOwnClip(input, decidedClip(input, state));
    const axis = `${magnitudes ? 'magnitudes' : 'values'} ${tensor}`;
    const zoomed = moved.zooms.get(axis) ?? null;
    const looks = { width, logCounts, range, magnitudes, method };
    const options = { ...looks, zoom: zoomed, isZoomed: zoomed !== null };
    const drawn = addHistogram(picture, clipped, options, patternId);
    const reset = (zoom: AxisRange | null) => {
      if (zoom === null) moved.zooms.delete(axis);
      else moved.zooms.set(axis, zoom);
      drawPicture(state);
    };
    const shown = magnitudes ? magnitudesOf(input) : input;
    listenToZoom(drawn, { whole: wholeRange(shown), binWidth: shown.histogram.binWidth }, reset);
    const used = clipInUse(input, state);
    if (used > 0)
      handle = addClipHandle(
        drawn,
        input,
        {
          ...{ profile: report.settings.profile, magnitudes, patternId },
          ...{ start: moved.clips.get(tensor) ?? used, home: used },
        },
        {
          moved: (effect, every) => {
            // One that stands where the clip in use is goes with that.
            if (isSameClip(effect.clip, used)) moved.clips.delete(tensor);
            else moved.clips.set(tensor, effect.clip);
            panel.show(effect, every);
          },
          released: (clip) => host.post({ type: 'tryClip', layer: layer.name, tensor, clip }),
        },
      );
    const caption = () => {
      const isMoved = (moved.clips.get(tensor) ?? used) !== used;
      return histogramCaption(drawn.svg, clipped, { layer: layer.name, method, isMoved });
    };
    addExport(picture, drawn.svg, { name: `${layer.name}-${tensor}`, caption }, host);
    if (hadFocus !== undefined)
      picture.querySelector<HTMLElement>(`.${CSS.escape(hadFocus)}[tabindex]`)?.focus();
  };
  const redraw = whenChanged(
    (state) => {
      const { logCounts, range, magnitudes } = state.view;
      return [logCounts, range, magnitudes, decidedClip(input, state)];
    },
    (state) => {
      drawPicture(state);
      emptied(table);
      const { clipped, method } = withOwnClip(input, decidedClip(input, state));
      addClipTable(table, clipped, method, report.settings);
    },
  );
  return (state) => {
    panel.update(state);
    redraw(state);
  };
}

/** Says what the histogram below does not show. */
function addNotFinite(parent: HTMLElement, { notFinite }: LayerInput): void {
  if (notFinite === undefined) return;
  const line = add(parent, 'p', 'warning');
  addIcon(line, 'warning', 'Warning');
  const where = notFinite.sample === null ? '' : `, first in sample ${notFinite.sample}`;
  addText(
    line,
    'span',
    'clamped',
    `${formatNotFinite(notFinite)}${where}. Left out of the histogram and of the clips.`,
  );
}
