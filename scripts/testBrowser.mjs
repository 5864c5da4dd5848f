// Runs test/vscode/browser.mjs: the built extension in code-server, driven through headless Chromium.
import { join } from 'node:path';
import Mocha from 'mocha';

const mocha = new Mocha({ timeout: 360_000, color: false });
mocha.addFile(join(import.meta.dirname, '../test/vscode/browser.mjs'));
await mocha.loadFilesAsync();
mocha.run((failures) => process.exit(failures === 0 ? 0 : 1));
