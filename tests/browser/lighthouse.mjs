// What Lighthouse says about pages on a phone. Reads {"pages": {"name": "url"}, "runs": 3, "enough": 0.95} from stdin and prints
// {"name": {"scores": {"performance": 1, …}, "failed": ["rule: title"], "figures": {…}, "requests": [{"url": …, "bytes": …}]}},
// or {"name": {"error": "…"}} for a page that cannot be judged.
// Performance is the best of up to `runs` runs, for the machine may be busy; everything else is that of the first.
import { readFileSync } from "node:fs";
import lighthouse from "lighthouse";
import { withBrowser } from "./drive.mjs";

const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];
const FIGURES = ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift"];

const { pages, runs, enough } = JSON.parse(readFileSync(0, "utf8"));

async function judge(url, port, onlyCategories) {
  const { lhr } = await lighthouse(url, { port, output: "json", logLevel: "silent", onlyCategories });
  return lhr;
}

function failed(lhr) {
  const counted = Object.values(lhr.categories).flatMap((category) => category.auditRefs.filter((ref) => ref.weight > 0));
  return counted
    .map((ref) => lhr.audits[ref.id])
    .filter((audit) => audit.score !== null && audit.score < 0.9)
    .map((audit) => `${audit.id}: ${audit.title}${audit.displayValue ? ` (${audit.displayValue})` : ""}`);
}

const found = {};
await withBrowser(async (browser) => {
  const port = Number(new URL(browser.wsEndpoint()).port);
  for (const [name, url] of Object.entries(pages)) {
    let lhr = await judge(url, port, CATEGORIES);
    if (lhr.runtimeError) {
      found[name] = { error: lhr.runtimeError.message };
      continue;
    }
    const scores = Object.fromEntries(CATEGORIES.map((each) => [each, lhr.categories[each].score]));
    const complaints = failed(lhr);
    const requests = lhr.audits["network-requests"].details.items.map((each) => ({
      url: each.url,
      bytes: each.transferSize,
    }));
    for (let run = 1; run < runs && scores.performance < enough; run++) {
      lhr = await judge(url, port, ["performance"]);
      scores.performance = Math.max(scores.performance, lhr.categories.performance.score);
    }
    const figures = Object.fromEntries(FIGURES.map((each) => [each, lhr.audits[each].numericValue]));
    found[name] = { scores, failed: complaints, figures, requests };
  }
});
console.log(JSON.stringify(found));
