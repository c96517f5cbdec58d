// A browser for a program that writes one JSON object per line and reads one back: how the tests in Python drive it.
//   {"do": "open", "with": [{js: false, zone: "Asia/Tokyo", …}]}       -> the number of a page of its own profile
//   {"page": 1, "do": "keyboard.press", "with": ["Tab"]}               -> what puppeteer's page returns
//   {"page": 1, "do": "cdp", "with": ["Emulation.setX", {…}]}          -> the same for the DevTools protocol
//   {"page": 1, "do": "log"}                                           -> {requests: [url], complaints: [text]}
import { createInterface } from "node:readline";
import { withBrowser } from "./drive.mjs";

const pages = [];

async function open(browser, { js = true, zone, lang, size, touch = false, media = {}, before }) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const cdp = await page.createCDPSession();
  const log = { requests: [], complaints: [] };
  page.on("request", (request) => log.requests.push(request.url()));
  page.on("pageerror", (error) => log.complaints.push(String(error)));
  // A complaint of the browser itself, such as a refused style, comes this way too.
  await cdp.send("Log.enable");
  cdp.on("Log.entryAdded", ({ entry }) => log.complaints.push(`${entry.text} ${entry.url ?? ""}`));
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) log.complaints.push(message.text());
  });
  await page.setJavaScriptEnabled(js);
  if (zone) await page.emulateTimezone(zone);
  if (lang) await page.setExtraHTTPHeaders({ "Accept-Language": lang });
  const [width, height] = size ?? [1200, 900];
  await page.setViewport({ width, height, hasTouch: touch, isMobile: touch });
  await cdp.send("Emulation.setEmulatedMedia", { features: Object.entries(media).map(([name, value]) => ({ name, value })) });
  if (before) await page.evaluateOnNewDocument(before);
  return pages.push({ page, cdp, log, context }) - 1;
}

async function act(browser, { page: number, do: path, with: given = [] }) {
  if (path === "open") return open(browser, ...given);
  const { page, cdp, log, context } = pages[number];
  if (path === "cdp") return cdp.send(...given);
  if (path === "log") return log;
  if (path === "close") return context.close();
  const names = path.split(".");
  const name = names.pop();
  const target = names.reduce((object, each) => object[each], page);
  const value = await target[name](...given);
  return ["object", "function"].includes(typeof value) && path !== "evaluate" && !Array.isArray(value) ? null : value;
}

await withBrowser(async (browser) => {
  for await (const line of createInterface({ input: process.stdin })) {
    let answer;
    try {
      answer = { value: await act(browser, JSON.parse(line)) };
    } catch (error) {
      answer = { error: String(error?.stack ?? error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
});
