import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { ViewBrowser, type View } from './viewPage';

/**
 * One browser for the tests of a file.
 * @returns opens the view in it; behind each test it has to have met no problem
 */
export function useView(): ViewBrowser['open'] {
  let browser: ViewBrowser;
  let view: View;
  beforeAll(async () => {
    await mkdir(resolve('out/screenshots'), { recursive: true });
    browser = await ViewBrowser.start();
  }, 60_000);
  afterEach(() => expect(view.problems).toEqual([]));
  afterAll(() => browser.stop());
  return async (...look) => (view = await browser.open(...look));
}
