// What a page gains from a script; it is complete without one. In <head>, so that the theme stands before the first paint.
"use strict";
{
  const MINUTE = 60_000;
  const root = document.documentElement;
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const ours = new WeakSet(); // elements that no server sent
  const make = (name, properties) => {
    const element = Object.assign(document.createElement(name), properties);
    ours.add(element);
    return element;
  };

  // ---- what the visitor chose stays in this browser, if it lets us

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

  const wear = (theme) => {
    root.dataset.theme = theme;
  };
  wear(stored("theme") ?? "system");

  // ---- times in the shape in which the server writes them

  const formats = {};
  const parts = (at, locale, timeZone, options) => {
    const format = (formats[[locale, timeZone, Object.keys(options)]] ??= new Intl.DateTimeFormat(locale, {
      calendar: "gregory", numberingSystem: "latn", hourCycle: "h23", timeZone, ...options,
    }));
    return Object.fromEntries(format.formatToParts(at).reverse().map(({ type, value }) => [type, value]));
  };

  const zoneName = (at, zone) => {
    let name; // each English knows the abbreviations of its own part of the world
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
    return { date: `${day}${literal.trim()} ${month} ${year}`, clock: `${hour}:${minute}` };
  };

  let site, shown; // zones

  const writeTimes = () => {
    for (const time of $$("time[datetime$=Z]")) {
      time.title ||= time.textContent;
      const at = new Date(time.dateTime);
      const { date, clock } = inWords(at, shown);
      const text = `${clock} ${zoneName(at, shown)}`;
      // Where all times are of one day, the server writes no date.
      time.textContent = shown === site ? time.title : /\d{4}/.test(time.title) ? `${date}, ${text}` : text;
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
    const apply = (name) => {
      shown = zones[name];
      writeTimes();
    };
    if (choices.length > 1) addSwitch("clock", label, choices, chosen, apply);
  };

  // ---- a slider over each strip of days, and a line that says which day it is on

  const point = (pick, isUsed) => {
    const { day, long, href, open, label, ...states } = JSON.parse($("[data-words]").dataset.words);
    const strip = pick.parentElement;
    const { tag, from, count, days } = strip.dataset;
    // A narrow strip shows the newest days. A bar is 7 units wide, and the next begins 3 further on.
    const bars = getComputedStyle(strip).getPropertyValue("--shown") || 90;
    pick.min = 90 - Math.min(bars, count);
    const index = pick.value - 90 + +count;
    const entry = days.split("|").map((each) => /^(\d+)(?:-(\d+))?(.)(.*)/.exec(each))
      .find((each) => each && +each[1] <= index && index <= (each[2] ?? each[1]));
    const [state, words] = entry?.slice(3) ?? ["u"];
    const at = new Date(Date.parse(from) + index * 1440 * MINUTE);
    const date = at.toISOString().slice(0, 10);
    const sentence = fill(words ? long : day, { day: inWords(at, "UTC").date, state: states[state], words });
    const address = fill(href, { tag, date });
    pick.ariaLabel = fill(label, { name: ($(`#n-${tag}`) ?? $("h1")).textContent.trim() });
    pick.ariaValueText = sentence;
    pick.onkeydown = ({ key }) => key === "Enter" && location.assign(address);
    let mark = $(".mark", strip);
    if (!mark && !isUsed) return;
    mark ??= strip.appendChild(make("span", { className: "mark" }));
    mark.style.insetInlineStart = `${(((pick.value - 90 + +bars) * 10 + 3.5) / (bars * 10 - 3)) * 100}%`;
    strip.nextElementSibling.replaceChildren(sentence, " ", make("a", { href: address, textContent: open }));
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

  // ---- the page of now: fetched again and again, and brought up to date in place

  let main, timer, isAsking;
  let seen; // <main> as the server sent it
  let heard = Date.now(); // the last answer
  let lag = 0; // how old its measurement was, by the server's own clock
  let failures = 0;
  let doubted; // the banner that nobody vouches for any more

  const key = (node) => node.nodeName + (node.id || (/^(LI|ART|SEC|DET)/.test(node.nodeName) && $("[id]", node)?.id));

  // Only what differs from the page that `live` was made of is touched: focus, sliders and opened details stay.
  const update = (live, was, fresh) => {
    if (was.isEqualNode(fresh)) return;
    const nodes = [...live.childNodes].filter((node) => !ours.has(node));
    if (!fresh.attributes || live.matches("time") || nodes.length !== was.childNodes.length) {
      live.replaceWith(document.importNode(fresh, true));
      return;
    }
    for (const name of [...was.getAttributeNames(), ...fresh.getAttributeNames()]) {
      const value = fresh.getAttribute(name);
      if (value !== was.getAttribute(name)) live.setAttribute(name, value ?? "");
    }
    const pairs = nodes.map((node, i) => [node, was.childNodes[i]]);
    let next = live.firstChild;
    for (const child of fresh.childNodes) {
      while (ours.has(next)) next = next.nextSibling;
      const place = pairs.findIndex(([, old]) => key(old) === key(child));
      if (place < 0) {
        live.insertBefore(document.importNode(child, true), next);
        continue;
      }
      const [[node, old]] = pairs.splice(place, 1);
      if (node === next) next = node.nextSibling;
      else live.insertBefore(node, next);
      update(node, old, child);
    }
    for (const [node] of pairs) {
      if (ours.has(node.nextSibling)) node.nextSibling.remove();
      node.remove();
    }
  };

  const name = (title, icon) => {
    document.title = title;
    $("link[rel=icon]").href = icon;
  };
  const state = () => $(".banner :is(h1, h2)", main)?.textContent.trim();

  const doubt = () => {
    // The server itself says "unknown" after three minutes.
    if (doubted || Date.now() - heard + lag < 4 * MINUTE) return;
    const template = $("#unknown", seen);
    doubted = $("#banner") ?? main;
    main.classList.add("stale");
    if (!template) return;
    doubted.replaceWith(template.content.cloneNode(true));
    name(template.dataset.title, template.dataset.icon);
    writeTimes();
    $("#live").textContent = state();
  };
  const trust = () => {
    main.classList.remove("stale");
    $("#banner")?.replaceWith(doubted);
    doubted = null;
  };

  const bringUpToDate = (page) => {
    const focused = document.activeElement;
    const fresh = $("main", page);
    update(main, seen, fresh);
    seen = fresh;
    name(page.title, $("link[rel=icon]", page).href);
    enhance();
    if (focused !== document.activeElement) focused.focus({ preventScroll: true }); // it has been moved
  };

  const ask = async () => {
    if (isAsking || document.hidden) return;
    clearTimeout(timer);
    isAsking = true;
    const before = state();
    try {
      const options = { cache: "no-cache", headers: { Accept: "text/html" }, signal: AbortSignal.timeout(MINUTE / 3) };
      const answer = await fetch(location, options);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!answer.ok || !$("main[data-live]", page)) throw answer;
      failures = 0;
      heard = Date.now();
      lag = Math.max(0, Date.parse(answer.headers.get("Date")) - $("#banner", page)?.dataset.measured) || 0;
      if (doubted) trust();
      bringUpToDate(page);
    } catch {
      failures += 1;
      doubt();
    }
    isAsking = false;
    if (state() !== before) $("#live").textContent = state();
    const pause = $("[data-state=MAJOR_OUTAGE]") ? 1 : Math.min(2 ** failures, 10) / 2;
    timer = setTimeout(ask, pause * MINUTE * (0.9 + Math.random() / 5));
  };

  const follow = () => {
    main = $("main[data-live]");
    if (!main || $("form", main)) return;
    seen = main.cloneNode(true);
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
