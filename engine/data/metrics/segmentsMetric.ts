import { badData } from '../samples/badData';
import type { Shapes } from '../samples/dataset';
import { isFloat } from '../samples/elementTypes';
import { isSegments } from '../samples/truthKinds';
import { findSegments, type Segment } from './findSegments';
import { mapOf, noMap } from './mapOf';
import type { Metric, Outputs } from './metric';
import { ownValue } from '../../shared/ownValue';

/** Σ of both ends' squared distances within which a segment is found: 10 with a picture of 128 × 128. */
const WITHIN = 10 / 128 ** 2;

/**
 * F1 of line segments, 2·TP / (2·TP + FP + FN): the mean over samples. A found segment takes the nearest true one that
 * no surer one took, if the squared distances of their ends sum to no more than 10 in a picture of 128 × 128, whichever
 * way they point (Zhou et al. 2019, "End-to-End Wireframe Parsing", sAP¹⁰). 1 when there are none and none are found.
 *
 * Reads a map of one channel and one of four, of one size ({@link findSegments}). Maps that are not finite score 0.
 */
export function segmentsMetric(threshold: number, outputNames: readonly string[]): Metric {
  return {
    name: 'segments',
    reference: () => null,
    score(outputs, truth) {
      if (!isSegments(truth))
        throw badData(
          "A sample's truth is no list of segments.",
          'Metric "segments" needs [[x, y, x, y], …].',
        );
      const { centers, ways } = mapsIn(outputs, outputNames);
      const found = findSegments(centers, ways, threshold);
      if (found === null) return { value: 0, weight: 1 };
      const all = found.length + truth.length;
      return { value: all === 0 ? 1 : (2 * countMatches(found, truth)) / all, weight: 1 };
    },
  };
}

function mapsIn(outputs: Outputs, names: readonly string[]) {
  const floats = names.flatMap((name) => ownValue(outputs, name) ?? []).filter(({ type }) => isFloat(type));
  const centers = floats.map((one) => mapOf(one, 1)).find((map) => map !== null);
  const ways = floats.map((one) => mapOf(one, 4)).find((map) => map !== null);
  if (centers === undefined || ways?.width !== centers.width || ways.height !== centers.height)
    throw noMap(
      floats,
      'Metric "segments" needs a map of centres, [1,H,W,1] or [1,1,H,W], and one of the ways to both ends, with 4 channels.',
    );
  return { centers, ways };
}

/** How many of the segments, the surest first, find a true one. */
function countMatches(found: readonly Segment[], truth: Shapes): number {
  const left = new Set(truth);
  for (const segment of found) {
    let nearest: readonly number[] | undefined;
    let least = WITHIN;
    for (const one of left) {
      const apart = distance(segment, one);
      if (apart > least) continue;
      least = apart;
      nearest = one;
    }
    if (nearest !== undefined) left.delete(nearest);
  }
  return truth.length - left.size;
}

/** Σ of the squared distances of the ends, the way round in which it is less. */
function distance([ax, ay, bx, by]: Segment, [cx = 0, cy = 0, dx = 0, dy = 0]: readonly number[]): number {
  const same = (ax - cx) ** 2 + (ay - cy) ** 2 + (bx - dx) ** 2 + (by - dy) ** 2;
  return Math.min(same, (ax - dx) ** 2 + (ay - dy) ** 2 + (bx - cx) ** 2 + (by - cy) ** 2);
}
