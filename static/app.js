// What a page gains from a script. It stands in <head>, so that the theme holds before anything is painted.
"use strict";
{
  const MINUTE = 60_000;
  const root = document.documentElement;
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const ours = new WeakSet(); // what no server sent
  const make = (name, properties) => {
    const element = Object.assign(document.createElement(name), properties);
    ours.add(element);
    return element;
  };

  // ---- choices of the visitor

  const stored = (name, value) => {
    try {
      if (value) localStorage[name] = value;
      return localStorage[name];
    } catch {} // then it holds for this page
  };

  const addSwitch = (name, label, choices, chosen, apply) => {
    const group = make("fieldset");
    group.append(make("legend", { textContent: label }));
    for (const [value, textContent] of choices) {
      const button = make("button", { type: "button", textContent, ariaPressed: value === chosen });
      button.onclick = () => {
        for (const each of $$("button", group)) each.ariaPressed = each === button;
        stored(name, value);
        apply(value);
      };
      group.append(button);
    }
    $("#switches").append(group);
  };

  const wear = (theme) => (root.dataset.theme = theme);
  wear(stored("theme") ?? "system");

  // ---- times, in the shape in which the server writes them

  const formats = {};
  const parts = (at, locale, timeZone, options) => {
    const full = `${locale}-u-ca-gregory-hc-h23-nu-latn`;
    const format = (formats[[full, timeZone, options.year]] ??= new Intl.DateTimeFormat(full, { timeZone, ...options }));
    return Object.fromEntries(format.formatToParts(at).reverse().map(({ type, value }) => [type, value]));
  };

  const zoneName = (at, zone) => {
    let name; // each English abbreviates only the zones near it
    for (const land of ["GB", "US", "AU", "NZ", "IN", "ZA"]) {
      name = parts(at, `en-${land}`, zone, { timeZoneName: "short" }).timeZoneName;
      if (!/[-+]/.test(name)) break;
    }
    return name.replace(/GMT(?=.)/, "UTC");
  };

  const inWords = (at, zone) => {
    const { day, literal, month, year, hour, minute } = parts(at, root.lang, zone, {
      day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
    });
    return `${day}${literal.trim()} ${month} ${year}, ${hour}:${minute}`;
  };

  let site, shown; // zones

  const writeTimes = () => {
    for (const time of $$("time[datetime$=Z]")) {
      time.title ||= time.textContent;
      const at = new Date(time.dateTime);
      // Where all times are of one day, the server writes no date.
      const text = inWords(at, shown).slice(/\d{4}/.test(time.title) ? 0 : -5);
      time.textContent = shown === site ? time.title : `${text} ${zoneName(at, shown)}`;
    }
    for (const note of $$("[data-zone-note]")) {
      note.title ||= note.textContent;
      note.textContent = shown === site ? note.title : fill($("#switches").dataset.note, { zone: shown });
    }
  };

  const addClock = (label, zone) => {
    site = zone;
    const zones = { site, mine: new Intl.DateTimeFormat().resolvedOptions().timeZone, utc: "UTC" };
    shown = zones[stored("clock")] ?? zones.mine;
    const choices = Object.entries(zones).filter(([, its], i) => Object.values(zones).indexOf(its) === i);
    const [chosen] = choices.find(([, its]) => its === shown);
    if (choices.length < 2) return;
    addSwitch("clock", label, choices, chosen, (name) => {
      shown = zones[name];
      writeTimes();
    });
  };

  // ---- a slider over each strip of days

  const point = (pick, isUsed) => {
    const { day, long, href, open, label, ...states } = JSON.parse($("[data-words]").dataset.words);
    const strip = pick.parentElement;
    const { tag, from, count, days } = strip.dataset;
    // A narrow strip shows the newest days. A bar is 7 units wide, the gap after it 3.
    const bars = +getComputedStyle(strip).getPropertyValue("--shown");
    pick.min = 90 - Math.min(bars, count);
    const column = pick.value - 90;
    const index = column + +count;
    const entries = [...days.matchAll(/(?<![^|])(\d+)-?(\d*)(.)([^|]*)/g)];
    const [state, words] = entries.find(([, i, j]) => i <= index && index <= (j || i))?.slice(3) ?? "u";
    const at = new Date(Date.parse(from) + index * 1440 * MINUTE);
    const date = at.toISOString().slice(0, 10);
    const sentence = fill(words ? long : day, { day: inWords(at, "UTC").slice(0, -7), state: states[state], words });
    const address = fill(href, { tag, date });
    pick.ariaLabel = fill(label, { name: ($(`#n-${tag}`) ?? $("h1")).textContent.trim() });
    pick.ariaValueText = sentence;
    pick.onkeydown = ({ key }) => {
      if (key === "Enter") location.assign(address);
    };
    let mark = $(".mark", strip);
    if (!mark && !isUsed) return;
    mark ??= strip.appendChild(make("span", { className: "mark" }));
    mark.style.insetInlineStart = `${(((column + bars) * 10 + 3.5) / (bars * 10 - 3)) * 100}%`;
    const line = strip.nextElementSibling;
    const link = $("a", line) ?? make("a", { textContent: open });
    link.href = address;
    line.replaceChildren(sentence, " ", link);
  };
  const pointAll = () => $$(".pick").forEach((pick) => point(pick));

  const enhance = () => {
    writeTimes();
    for (const strip of $$(".days[data-tag]").filter((each) => !$(".pick", each))) {
      const pick = make("input", { type: "range", className: "pick", max: 89, value: 89 });
      pick.oninput = pick.onclick = () => point(pick, true);
      strip.append(pick);
      strip.after(make("p", { className: "picked" }));
    }
    pointAll();
  };

  // ---- the page of now, fetched again and brought up to date in place

  let main, timer, said;
  let seen; // <main> as the server sent it
  let heard = Date.now(); // the last answer
  let lag = 0; // how old its measurement was, by the server's own clock
  let failures = 0;
  let doubted; // the banner that nobody vouches for

  const key = (node) => node.nodeName + (node.id || (/^(LI|ART|SEC|DET)/.test(node.nodeName) && $("[id]", node)?.id));

  // Nothing is touched but what has changed since: focus, sliders and opened details stay.
  const update = (live, was, fresh) => {
    if (was.isEqualNode(fresh)) return;
    const nodes = [...live.childNodes].filter((node) => !ours.has(node));
    if (!fresh.attributes || live.title || nodes.length !== was.childNodes.length) {
      live.replaceWith(fresh.cloneNode(true));
      return;
    }
    for (const name of [...was.getAttributeNames(), ...fresh.getAttributeNames()]) {
      const value = fresh.getAttribute(name);
      if (value === was.getAttribute(name)) continue;
      if (value === null) live.removeAttribute(name);
      else live.setAttribute(name, value);
    }
    const pairs = nodes.map((node, i) => [node, was.childNodes[i]]);
    let next = live.firstChild;
    for (const child of fresh.childNodes) {
      while (ours.has(next)) next = next.nextSibling;
      const [node, old] = pairs.splice(pairs.findIndex((pair) => key(pair[1]) === key(child)) >>> 0, 1)[0] ?? [];
      if (node !== next || !node) live.insertBefore(node ?? child.cloneNode(true), next);
      else next = node.nextSibling;
      if (node) update(node, old, child);
    }
    for (const [node] of pairs) {
      if (ours.has(node.nextSibling)) node.nextSibling.remove();
      node.remove();
    }
  };

  const entitle = (title, icon) => {
    document.title = title;
    $("link[rel=icon]").href = icon;
  };
  const state = () => $(".banner :is(h1, h2)", main)?.textContent.trim();
  const tell = () => {
    if (state() !== said) $("#live").textContent = said = state();
  };

  // A server that answers says "unknown" itself, after three minutes.
  const doubt = () => {
    if (doubted || Date.now() - heard + lag < 4 * MINUTE) return;
    const template = $("#unknown", seen);
    doubted = $("#banner") ?? main;
    main.classList.add("stale");
    if (!template || doubted === main) return;
    doubted.replaceWith(template.content.firstElementChild.cloneNode(true));
    entitle(template.dataset.title, template.dataset.icon);
    writeTimes();
    tell();
  };

  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location, {
        cache: "no-cache", headers: { Accept: "text/html" }, signal: AbortSignal.timeout(MINUTE / 3),
      });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = $("main[data-live]", page);
      if (!answer.ok || !fresh) throw answer;
      failures = 0;
      heard = Date.now();
      lag = Math.max(0, Date.parse(answer.headers.get("Date")) - $("#banner", fresh)?.dataset.measured) || 0;
      if (doubted) $("#banner")?.replaceWith(doubted);
      doubted = 0;
      main.classList.remove("stale");
      const focused = document.activeElement;
      update(main, seen, fresh);
      seen = fresh;
      entitle(page.title, $("link[rel=icon]", page).href);
      enhance();
      if (focused !== document.activeElement) focused.focus({ preventScroll: true }); // it was moved
      doubt();
      tell();
    } catch {
      failures += 1;
      doubt();
    }
    const pause = $("[data-state=MAJOR_OUTAGE]") ? 1 : Math.min(2 ** failures, 10) / 2;
    clearTimeout(timer);
    timer = setTimeout(ask, pause * MINUTE * (0.9 + Math.random() / 5));
  };

  const follow = () => {
    main = $("main[data-live]");
    if (!main || $("form", main)) return;
    seen = main.cloneNode(true);
    said = state();
    if (!$("#live")) document.body.append(make("p", { id: "live", className: "unseen", role: "status" }));
    document.addEventListener("visibilitychange", ask);
    setInterval(doubt, MINUTE / 6);
    timer = setTimeout(ask, MINUTE / 2);
  };

  document.addEventListener("DOMContentLoaded", () => {
    follow();
    const { appearance, system, light, dark, times, zone } = $("#switches").dataset;
    addSwitch("theme", appearance, Object.entries({ system, light, dark }), root.dataset.theme, wear);
    if (zone) addClock(times, zone);
    $("#switches").hidden = false;
    enhance();
    addEventListener("resize", pointAll);
  });
}
