import type { Shapes, Steps } from '../samples/dataset';
import type { JsonValue } from '../samples/jsonValue';

const MOST_STEPS = 10_000_000;
const MOST_SHAPES = 10_000;
/** Of all shapes of a sample: filling them takes time for each. */
const MOST_COORDINATES = 10_000;
const COORDINATE = { min: -1e6, max: 1e6 };

/**
 * A truth as a file or a module has it: a class index, a text, 0 or 1 for each step, or shapes.
 * @throws EngineError `bad-data` that names the value
 */
export function readTruth(value: JsonValue): number | string | Steps | Shapes {
  if (typeof value.value === 'string') return value.string();
  if (!Array.isArray(value.value)) return value.number({ integer: true, min: 0 });
  return Array.isArray(value.value[0]) ? readShapes(value, value.value) : readSteps(value, value.value);
}

function readSteps(value: JsonValue, list: readonly unknown[]): Steps {
  if (list.length > MOST_STEPS) throw value.error(`List at most ${MOST_STEPS} steps.`);
  const odd = list.findIndex((one) => one !== 0 && one !== 1);
  if (odd >= 0) throw value.item(odd).error('Write 0 or 1 for each step, or lists of coordinates.');
  return list.map(Number);
}

function readShapes(value: JsonValue, list: readonly unknown[]): Shapes {
  const lengths = list.map((one) => (Array.isArray(one) ? one.length : 0));
  if (list.length > MOST_SHAPES || lengths.reduce((sum, one) => sum + one, 0) > MOST_COORDINATES)
    throw value.error(`List at most ${MOST_SHAPES} shapes of ${MOST_COORDINATES} coordinates in all.`);
  return value.items().map((shape) => {
    const coordinates = shape.items().map((one) => one.number(COORDINATE));
    if (coordinates.length < 4 || coordinates.length % 2 === 1)
      throw shape.error('Write x, y, x, y, … of at least two points.');
    return coordinates;
  });
}
