import type { Report } from '../../engine/shared/protocol/report';
import type { ToWebview } from '../../engine/shared/protocol/webview';
import { sampleReport } from './sampleReport';

export const data: ToWebview = {
  type: 'data',
  data: {
    data: '/home/user/data/street-signs.npz',
    metric: 'ctc',
    hasTruth: true,
    calibrationSamples: 500,
    evaluationSamples: 300,
    sharedSamples: false,
    preview: [],
    warnings: [],
  },
};

const report = sampleReport();

/** What a view of an analyzed model is sent. */
export function everything(of: Report = report): ToWebview[] {
  return [
    { type: 'model', summary: of.model },
    data,
    { type: 'report', report: of },
    { type: 'decided', choices: [] },
  ];
}
