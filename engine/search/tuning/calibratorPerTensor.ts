import { methods } from '../../calibrate/methods/clipOf';
import type { Layer } from '../../onnx/layers/layers';
import type { CalibrationMethod } from '../../shared/protocol/choices';
import { tensorsOf } from '../../quantize/plan';

/**
 * The method that suits each tensor best: the one with which the layers that read or write it in int8 keep the least
 * noise at their outputs, summed as noise-to-signal ratios. An equal one goes to the earlier method.
 * @param sqnr by method and layer, in dB, every layer alone in int8
 */
export function methodPerTensor(
  layers: readonly Layer[],
  sqnr: ReadonlyMap<CalibrationMethod, ReadonlyMap<string, number>>,
): Map<string, CalibrationMethod> {
  const touching = new Map<string, string[]>();
  for (const layer of layers) {
    for (const tensor of tensorsOf([layer])) {
      touching.set(tensor, [...(touching.get(tensor) ?? []), layer.name]);
    }
  }
  const tried = methods.filter((method) => sqnr.has(method));
  return new Map(
    [...touching].map(([tensor, names]) => {
      const noise = (method: CalibrationMethod) =>
        names.reduce((sum, name) => sum + 10 ** (-(sqnr.get(method)?.get(name) ?? 0) / 10), 0);
      const best = tried.reduce((a, b) => (noise(b) < noise(a) ? b : a));
      return [tensor, best] as const;
    }),
  );
}
