// A copy of a page cannot know what has happened since: this says so when the copy is old.
"use strict";
{
  const EVERY = 30_000;
  const note = document.querySelector("#copied");
  const { old, at, zone } = note.dataset;
  const time = note.querySelector("time");
  const said = note.querySelector("[role=status]");
  let written = +note.dataset.written; // a page may be older, and all in it still true
  let lag = 0; // how old the newest copy was when it was heard of, by the clock of its server
  let heard = Date.now();

  const inWords = (instant) => {
    const format = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" };
    const locale = `${document.documentElement.lang}-u-ca-gregory-hc-h23-nu-latn`;
    return new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: "short", ...format }).format(instant);
  };

  // Other scripts bring a part of the page up to date with what is as old.
  const doubt = () => {
    if (!document.documentElement.classList.contains("old")) return;
    const part = document.querySelector(".embed main");
    const template = part?.querySelector("#unknown");
    if (!template) return;
    part.classList.add("stale");
    part.querySelector("#now")?.replaceWith(template.content);
    template.remove();
  };

  const judge = () => {
    const isOld = lag + Date.now() - heard > old;
    if (isOld === document.documentElement.classList.contains("old")) return;
    document.documentElement.classList.toggle("old", isOld);
    said.textContent = isOld ? note.querySelector("template").content.textContent : "";
    doubt();
    document.dispatchEvent(new Event("visibilitychange")); // those that follow the page look now
  };

  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(at, { cache: "no-cache", signal: AbortSignal.timeout(EVERY) });
      const newest = (await answer.json()).written;
      if (newest > written) {
        written = newest;
        time.textContent = inWords(newest);
      }
      // A cache in between keeps the date of the answer, and says how long it has had it.
      const now = Date.parse(answer.headers.get("Date")) + 1000 * (answer.headers.get("Age") ?? 0);
      heard = Date.now();
      lag = (now || heard) - newest;
    } catch {} // then it grows old by itself
    judge();
  };

  new MutationObserver(doubt).observe(document.body, { childList: true, subtree: true });
  document.addEventListener("visibilitychange", (event) => event.isTrusted && ask());
  setInterval(ask, EVERY);
  setInterval(judge, EVERY / 3);
  ask();
}
