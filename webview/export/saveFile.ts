import type { FromWebview } from '../../engine/shared/protocol/webview';
import { isStandalone } from '../ui/isStandalone';
import type { Host } from '../ui/dom';

type Saved = Extract<FromWebview, { type: 'save' }>;

const types: Record<Saved['kind'], string> = {
  svg: 'image/svg+xml',
  png: 'image/png',
  csv: 'text/csv',
};

/** Letters, digits and what file systems take everywhere. */
function fileName(name: string): string {
  const plain = name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+|[.-]+$/g, '');
  return plain === '' ? 'quantscope' : plain.slice(0, 80);
}

/** Has the editor ask where to write a file; a report that is a file of its own downloads it. */
export function saveFile(host: Host, kind: Saved['kind'], name: string, data: string): void {
  const plain = fileName(name);
  if (!isStandalone()) {
    host.post({ type: 'save', name: plain, kind, data });
    return;
  }
  const bytes = kind === 'png' ? Uint8Array.from(atob(data), (c) => c.charCodeAt(0)) : data;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes], { type: types[kind] }));
  link.download = `${plain}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
