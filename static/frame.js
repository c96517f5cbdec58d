// What a part of the page gains from a script in a frame: it says how high it is, and follows what happens.
"use strict";
{
  const MINUTE = 60_000;
  const $ = (selector, within = document) => within.querySelector(selector);
  const root = document.documentElement;

  // How high we are is no secret: whoever may frame us may know it.
  const say = () => {
    const height = Math.ceil(root.getBoundingClientRect().height);
    parent.postMessage({ type: "kener-py:height", height }, "*");
  };

  let seen = $("main").cloneNode(true); // as the server sent it
  let heard = Date.now(); // the last answer
  let asked = heard;

  // A server that answers says "unknown" itself, after three minutes.
  const doubt = () => {
    const template = $("#unknown");
    if (!template || Date.now() - heard < 4 * MINUTE) return;
    $("main").classList.add("stale");
    $("#now").replaceWith(template.content);
    template.remove();
    seen = null;
  };

  const ask = async () => {
    if (document.hidden || Date.now() - asked < MINUTE) return;
    asked = Date.now();
    try {
      const answer = await fetch(location, {
        cache: "no-cache", headers: { Accept: "text/html" }, signal: AbortSignal.timeout(MINUTE / 3),
      });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = $(".embed main", page);
      if (!fresh || answer.status >= 500) return;
      heard = Date.now();
      if (seen?.isEqualNode(fresh)) return;
      seen = fresh.cloneNode(true);
      $("main").replaceWith(fresh);
      document.title = page.title;
    } catch {
      doubt();
    }
  };

  new ResizeObserver(say).observe(root);
  document.addEventListener("visibilitychange", ask);
  setInterval(() => {
    ask();
    doubt();
  }, MINUTE / 6);
}
