import { badData } from '../samples/badData';
import { isOutlines } from '../samples/truthKinds';
import { fillOutlines } from './fillOutlines';
import { mapOf, noMap } from './mapOf';
import type { Metric } from './metric';
import { firstFloatOutput } from './outputsOf';

/**
 * Intersection over union of two sets of pixels: where the model's map is at or above `threshold`, and what the true outlines
 * enclose; the mean over samples. 1 when both are empty.
 *
 * Reads the first output of floats, which must be a map of one channel. It may be smaller than the picture: the outlines
 * are filled at its own size. A map that is not finite throughout scores 0.
 */
export function iouMetric(threshold: number, outputNames: readonly string[]): Metric {
  return {
    name: 'iou',
    reference: () => null,
    score(outputs, truth) {
      if (!isOutlines(truth))
        throw badData(
          "A sample's truth is no list of outlines.",
          'Metric "iou" needs [[x, y, x, y, x, y, …], …].',
        );
      const output = firstFloatOutput(outputs, outputNames);
      const map = mapOf(output, 1);
      if (map === null) throw noMap([output], 'Metric "iou" needs a map of one channel, such as [1,1,H,W].');
      const mask = fillOutlines(truth, map.width, map.height);
      let both = 0;
      let either = 0;
      for (const [i, value] of map.values.entries()) {
        if (!Number.isFinite(value)) return { value: 0, weight: 1 };
        const [found, wanted] = [value >= threshold, mask[i] === 1];
        if (found && wanted) both++;
        if (found || wanted) either++;
      }
      return { value: either === 0 ? 1 : both / either, weight: 1 };
    },
  };
}
