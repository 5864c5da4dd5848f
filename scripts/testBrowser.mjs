// Runs the packaged extension in code-server, driven through headless Chromium, and looks into the packages.
import { join } from 'node:path';
import Mocha from 'mocha';

const mocha = new Mocha({ timeout: 360_000, color: false });
for (const name of ['package.mjs', 'browser.mjs', 'untrusted.mjs'])
  mocha.addFile(join(import.meta.dirname, '../test/vscode', name));
await mocha.loadFilesAsync();
mocha.run((failures) => process.exit(failures === 0 ? 0 : 1));
