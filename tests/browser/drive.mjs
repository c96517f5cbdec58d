// Chromium as the tests drive it: the system's own, with a profile that nobody has used before.
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
];

export const chromium = process.env.CHROMIUM || PLACES.find(existsSync);

/** A browser; `close()` ends it and removes its profile. */
export async function launch(...flags) {
  if (!chromium) throw new Error(`no Chromium at ${PLACES.join(", ")}; set CHROMIUM to its path`);
  const userDataDir = await mkdtemp(join(tmpdir(), "chromium-"));
  const browser = await puppeteer.launch({
    executablePath: chromium,
    args: [...FLAGS, ...flags],
    userDataDir,
    defaultViewport: { width: 1200, height: 900 },
  });
  const close = browser.close.bind(browser);
  browser.close = async () => {
    await close();
    await rm(userDataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  return browser;
}

/** Run `work(browser)`, and end the browser whatever happens. */
export async function withBrowser(work, ...flags) {
  const browser = await launch(...flags);
  try {
    return await work(browser);
  } finally {
    await browser.close();
  }
}
