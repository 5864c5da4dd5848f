import type { Report } from '../../engine/shared/protocol/report';
import { sampleReport } from './sampleReport';

/** The sample, but for: one layer costs much more, one is decided otherwise, one is renamed, one has another clip, one is new. */
export function otherReport(): Report {
  const report = sampleReport();
  report.layers = report.layers.map((layer, i) => {
    const [first, ...rest] = layer.inputs;
    switch (i) {
      case 3:
        return { ...layer, drop: layer.drop + 0.3, standardError: 0.01 };
      case 4:
        return {
          ...layer,
          advice: { ...layer.advice, decision: layer.advice.decision === 'int8' ? 'float' : 'int8' },
        };
      case 5:
        return { ...layer, name: 'renamed' };
      case 6:
        return first === undefined ? layer : { ...layer, inputs: [{ ...first, decided: 1.5 }, ...rest] };
      case 7:
        return { ...layer, name: '=added', weight: '</script>' };
      default:
        return layer;
    }
  });
  return report;
}
