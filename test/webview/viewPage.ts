import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { expect } from 'vitest';
import type { FromWebview, ToWebview } from '../../engine/shared/protocol/webview';
import type { Tab } from '../../webview/state/state';
import { themes, themeSheet, type ThemeName } from './themes';

const NONCE = 'dGVzdA';
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Every theme, and a wide, a middling and a narrow pane. */
const looks: readonly [theme: ThemeName, width: number][] = [
  ['dark', 1400],
  ['light', 1400],
  ['hc-dark', 1400],
  ['hc-light', 900],
  ['light', 400],
];

/** The host's API: what the view posts is kept for the test, what it stores survives a reload. */
const hostStub = `
window.posted = [];
window.acquireVsCodeApi = () => ({
  postMessage: (message) => window.posted.push(message),
  getState: () => JSON.parse(sessionStorage.getItem('state') ?? 'null') ?? undefined,
  setState: (state) => sessionStorage.setItem('state', JSON.stringify(state)),
});`;

function pageText(theme: ThemeName): string {
  // The policy that the extension gives to its webview.
  const policy = `default-src 'none'; style-src 'self'; script-src 'nonce-${NONCE}'; img-src data:; connect-src 'self'; worker-src blob:`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Quantscope</title>
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" href="theme.css?${theme}"><link rel="stylesheet" href="webview.css"></head>
<body class="${themes[theme].bodyClass}" data-layout-worker="layoutWorker.js"><script nonce="${NONCE}">${hostStub}</script>
<script nonce="${NONCE}" src="webview.js"></script></body></html>`;
}

async function answer(url: URL): Promise<{ type: string; body: string }> {
  switch (url.pathname) {
    case '/empty':
      return { type: 'text/html', body: '<!doctype html><title>Empty</title>' };
    case '/theme.css':
      return { type: 'text/css', body: themeSheet(url.search.slice(1) as ThemeName) };
    case '/webview.css':
      return { type: 'text/css', body: await readFile(resolve('dist/webview.css'), 'utf8') };
    case '/layoutWorker.js':
      return { type: 'text/javascript', body: await readFile(resolve('dist/layoutWorker.js'), 'utf8') };
    case '/webview.js':
      return { type: 'text/javascript', body: await readFile(resolve('dist/webview.js'), 'utf8') };
    default:
      return { type: 'text/html', body: pageText((url.searchParams.get('theme') ?? 'dark') as ThemeName) };
  }
}

/** One browser and one server of the built view, for as long as a test file runs. */
export class ViewBrowser {
  private page: Page | undefined;
  private problems: string[] = [];

  private constructor(
    private readonly browser: Browser,
    private readonly server: Server,
  ) {}

  static async start(): Promise<ViewBrowser> {
    const server = createServer((request, response) => {
      answer(new URL(request.url ?? '/', 'http://localhost')).then(
        ({ type, body }) => response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags });
    return new ViewBrowser(browser, server);
  }

  /** Opens the view as new, in the browser's one page; errors and breaches of the policy are gathered in `problems`. */
  async open(theme: ThemeName, width: number, height: number): Promise<View> {
    const page = await this.emptyPage(width, height);
    this.problems = [];
    await page.goto(this.urlOf(`/?theme=${theme}`));
    return new View(page, this.problems);
  }

  private urlOf(path: string): string {
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${path}`;
  }

  /** A page takes five times as long to make as to load. */
  private async emptyPage(width: number, height: number): Promise<Page> {
    const before = this.page;
    if (before?.isClosed() === false) {
      await before.setViewportSize({ width, height });
      // Where there is no view any more that stores something behind this.
      await before.goto(this.urlOf('/empty'));
      await before.evaluate(() => sessionStorage.clear());
      await before.mouse.move(0, 0);
      return before;
    }
    const context = await this.browser.newContext({ viewport: { width, height }, deviceScaleFactor: 1 });
    const page = await context.newPage();
    page.on('pageerror', (error) => this.problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.problems.push(message.text());
    });
    page.on('dialog', (dialog) => {
      this.problems.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    return (this.page = page);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

/** The view in a page, and the test in the extension's place. */
export class View {
  constructor(
    readonly page: Page,
    readonly problems: readonly string[],
  ) {}

  /** Sends messages as the extension would, and waits until they are drawn. */
  async send(...messages: ToWebview[]): Promise<void> {
    // As text: the driver takes seconds to check a report value by value.
    await this.page.evaluate(async (text) => {
      (JSON.parse(text) as unknown[]).forEach((message) => window.postMessage(message, '*'));
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    }, JSON.stringify(messages));
  }

  /** Chooses a tab, as a click on it would. */
  async openTab(tab: Tab): Promise<void> {
    await this.page.click(`#tab-${tab}`);
  }

  /** Changes the theme under the view, as the editor does. */
  async setTheme(theme: ThemeName): Promise<void> {
    await this.page.evaluate(
      async ([sheet, bodyClass]) => {
        const link = document.querySelector<HTMLLinkElement>('link[href^="theme.css"]');
        if (link === null || link.getAttribute('href') === sheet) return;
        await new Promise((done) => {
          link.addEventListener('load', done, { once: true });
          link.href = sheet;
        });
        document.body.className = bodyClass;
      },
      [`theme.css?${theme}`, themes[theme].bodyClass] as const,
    );
    await this.settle();
  }

  /**
   * Draws one view in every look without loading it again; in none may anything stand out of the page at its side.
   * @param draw gets the look's name, for pictures
   */
  async inEveryLook(height: number, draw: (name: string) => Promise<void>): Promise<void> {
    for (const [theme, width] of looks) {
      await this.page.setViewportSize({ width, height });
      await this.setTheme(theme);
      const name = `${theme}-${width}`;
      expect(await this.overflow(), name).toBe(0);
      await draw(name);
    }
  }

  /** Pixels that stand out of the page at its side. */
  overflow(): Promise<number> {
    return this.page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
  }

  /** Waits until what was changed is drawn. */
  private async settle(): Promise<void> {
    await this.page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
  }

  /** What the view has posted so far. */
  posted(): Promise<FromWebview[]> {
    return this.page.evaluate(() => (window as unknown as { posted: FromWebview[] }).posted);
  }

  async screenshot(name: string): Promise<void> {
    await this.page.screenshot({ path: resolve('out/screenshots', `${name}.png`) });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
