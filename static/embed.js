// Shows a part of this status page in another page, behind the <script> that loads this. What is shown:
//   data-monitor="tag", or data-embed="status" | "bars/tag" | "events/live"
// How: data-title (of the frame), data-theme, data-days, data-lang, data-incidents, data-maintenance, data-tags.
"use strict";
{
  const script = document.currentScript;
  const { embed, monitor, title = "Status", ...given } = script.dataset;
  // Below Kener's address, /embed/monitor-<tag>/js?theme=dark, that address says it all.
  const [, place] = script.src.match(/^([^?#]+)\/js([?#]|$)/) ?? [];
  const url = new URL(place ?? `embed/${embed ?? (monitor ? `monitor-${monitor}` : "status")}`, script.src);
  const asked = place ? new URL(script.src).searchParams : url.searchParams;
  for (const name of ["theme", "days", "lang", "incidents", "maintenance", "tags"]) {
    const value = given[name] ?? asked.get(name);
    if (value) url.searchParams.set(name, value);
  }
  const frame = document.createElement("iframe");
  Object.assign(frame, { src: url, title, loading: "lazy" });
  frame.style.cssText = "display: block; width: 100%; height: 6rem; border: 0";
  addEventListener("message", ({ data, origin, source }) => {
    if (source !== frame.contentWindow || origin !== url.origin || data?.type !== "kener-py:height") return;
    if (data.height > 0 && data.height < 10_000) frame.style.height = `${+data.height}px`;
  });
  script.after(frame);
}
