// The pictures that shields.io draws of badges. Reads [{"label": "…", "message": "…", "color": "…", "style": "…"}] from stdin
// and prints for each {"svg": "…", "color": "#…"}: the picture, and what its colour's name means there (null if nothing).
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { makeBadge } from "badge-maker";

// Not part of what the package exports, but an unknown name is no error: it only has no colour.
const inside = new URL("./color.js", pathToFileURL(fileURLToPath(import.meta.resolve("badge-maker"))));
const { toSvgColor } = await import(inside.href);

const found = JSON.parse(readFileSync(0, "utf8")).map((format) => ({
  svg: makeBadge(format),
  color: toSvgColor(format.color) ?? null,
}));
console.log(JSON.stringify(found));
