// What axe-core says about pages, and what their console says. Reads from stdin
//   {"pages": {"name": "url"}, "looks": ["light", "dark", "phone"], "tabs": 2}
// and prints {"name": {"status": 200, "console": [], "overflow": {"320": {"by": 0, "where": []}}, "clipped": [], "seconds": 1.5,
//   "paper": {"closed": [], "controls": []}, "looks": {"light": {"violations": [], "incomplete": [], "nodes": 120}}}}.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { withBrowser } from "./drive.mjs";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const LOOKS = {
  light: { scheme: "light", width: 1200 },
  dark: { scheme: "dark", width: 1200 },
  phone: { scheme: "light", width: 390, unfold: true },
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
  const { scheme, width, unfold } = LOOKS[name];
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.setViewport({ width, height: 900 });
  if (unfold) await page.evaluate(() => document.querySelectorAll("details").forEach((each) => (each.open = true)));
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

/** As WCAG 1.4.12 lets readers space text: what is wider than the page then, and whose text is cut off. */
async function spaced(page, width) {
  await page.setViewport({ width, height: 900 });
  // A style of the reader's: the page's own policy has no say in it.
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
      p { margin-block-end: 2em !important }`);
    document.adoptedStyleSheets.push(sheet);
  });
  const clipped = await page.evaluate(() => {
    const hides = (style) => ["hidden", "clip"].includes(style.overflowX) || ["hidden", "clip"].includes(style.overflowY);
    const isCut = (element) => element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1;
    return [...document.body.querySelectorAll("*")]
      .filter((element) => element.textContent.trim() && !element.closest(".unseen, svg") && element.clientWidth)
      .filter((element) => hides(getComputedStyle(element)) && isCut(element))
      .map((element) => `${element.localName}.${[...element.classList].join(".")}`);
  });
  const wide = await overflow(page, width);
  await page.evaluate(() => document.adoptedStyleSheets.pop());
  return [...clipped, ...(wide.by > 0 ? wide.where : [])];
}

/** What a print leaves out of the closed details, and what it has that nobody can press on paper. */
async function printed(page) {
  await page.emulateMediaType("print");
  const found = await page.evaluate(() => {
    document.querySelectorAll("details").forEach((each) => (each.open = false));
    const isSeen = (element) => element.checkVisibility() && element.getClientRects().length > 0;
    const named = (element) => `${element.localName}.${[...element.classList].join(".")}`;
    const closed = [...document.querySelectorAll("main details:not(.programs, .calendar)")];
    return {
      closed: closed.filter((each) => !isSeen(each.lastElementChild)).map(named),
      controls: [...document.querySelectorAll("nav:not(.crumbs) a, button, select, input[type=range]")]
        .filter(isSeen).map(named),
    };
  });
  await page.emulateMediaType();
  return found;
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
    const clipped = [...(await spaced(page, 320)), ...(await spaced(page, 1200))];
    const paper = await printed(page);
    return { status: answer.status(), console: complaints, looks: found, overflow: wide, clipped, paper };
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
