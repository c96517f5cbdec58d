// What axe-core says about pages, and what their console says. Reads from stdin
//   {"pages": {"name": "url"}, "looks": ["light", "dark", "phone"], "tabs": 2}
// and prints {"name": {"status": 200, "console": [], "overflow": {"320": {"by": 0, "where": []}}, "seconds": 1.5,
//   "looks": {"light": {"violations": [], "incomplete": [], "nodes": 120}}}}.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { withBrowser } from "./drive.mjs";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const LOOKS = {
  light: { scheme: "light", width: 1200 },
  dark: { scheme: "dark", width: 1200 },
  phone: { scheme: "light", width: 390 },
};
const WIDTHS = [320, 390, 768, 1200];
const axe = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

const { pages, looks, tabs } = JSON.parse(readFileSync(0, "utf8"));
const told = (results) =>
  results.map((each) => ({
    rule: each.id,
    help: each.help,
    where: each.nodes.map((node) => node.target.join(" ")),
    why: each.nodes[0].failureSummary ?? "",
  }));

async function look(page, name) {
  const { scheme, width } = LOOKS[name];
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.setViewport({ width, height: 900 });
  const result = await page.evaluate(async (tags) => {
    const found = await axe.run({ runOnly: tags });
    // A table that scrolls in its own region lies partly under what stays; axe cannot tell its colours there.
    const isUnderneath = (node) => document.querySelector(node.target[0])?.closest(".scroll");
    for (const rule of found.incomplete.filter((each) => each.id === "color-contrast"))
      rule.nodes = rule.nodes.filter((node) => !isUnderneath(node));
    found.incomplete = found.incomplete.filter((rule) => rule.nodes.length);
    return found;
  }, TAGS);
  const checked = new Set(result.passes.flatMap((rule) => rule.nodes.map((node) => node.target.join(" "))));
  return { violations: told(result.violations), incomplete: told(result.incomplete), nodes: checked.size };
}

/** What makes the page wider than a window of this width: by how many pixels, and the innermost elements that stick out. */
async function overflow(page, width) {
  await page.setViewport({ width, height: 900 });
  return page.evaluate(() => {
    const root = document.documentElement;
    const by = root.scrollWidth - root.clientWidth;
    const outside = (element) => {
      const box = element.getBoundingClientRect();
      return box.right > root.clientWidth + 1 || box.left < -1;
    };
    const named = (element) => `${element.localName}${element.id && `#${element.id}`}.${[...element.classList].join(".")}`;
    const found = by > 0 ? [...document.body.querySelectorAll("*")].filter(outside) : [];
    const innermost = found.filter((element) => !found.includes(element.firstElementChild));
    return { by, where: innermost.slice(0, 5).map(named) };
  });
}

async function visit(browser, url) {
  const page = await browser.newPage();
  try {
    const complaints = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("dialog", async (dialog) => {
      complaints.push(`a dialog opened: ${dialog.message()}`);
      await dialog.dismiss();
    });
    const answer = await page.goto(url, { waitUntil: "load" });
    await page.evaluate(axe);
    const found = {};
    for (const name of looks) found[name] = await look(page, name);
    const wide = {};
    for (const width of WIDTHS) wide[width] = await overflow(page, width);
    return { status: answer.status(), console: complaints, looks: found, overflow: wide };
  } finally {
    await page.close();
  }
}

const found = {};
await withBrowser(async (browser) => {
  const waiting = Object.entries(pages);
  const work = async () => {
    while (waiting.length) {
      const [name, url] = waiting.shift();
      const began = Date.now();
      found[name] = await visit(browser, url);
      found[name].seconds = (Date.now() - began) / 1000;
    }
  };
  await Promise.all(Array.from({ length: tabs }, work));
});
console.log(JSON.stringify(found));
