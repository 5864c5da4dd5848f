// Headless Chromium for the editor's pages.
import { chromium } from 'playwright-core';
import { setUpEditor } from './setUpEditor.mjs';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Launches the browser that `setUpEditor` found; the caller closes it.
 * @returns {Promise<import('playwright-core').Browser>}
 */
export function openBrowser() {
  return chromium.launch({ executablePath: setUpEditor().chromium, args: FLAGS });
}
