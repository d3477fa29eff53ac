// Filters, links to single findings, what is too much for markup. Text goes into the page as text alone: the page's
// policy forbids everything else.
"use strict";
(() => {
  const STEP = 50, ROW_HEIGHT = 28, OVERSCAN = 12;
  const $ = (id) => document.getElementById(id);
  const GLYPHS = { must: "✕", should: "!", may: "!", advice: "i", inconclusive: "?", waived: "w", pass: "✓", none: "–" };
  const WORDS = { must: "MUST", should: "SHOULD", may: "MAY", none: "not applicable" };

  // The texts of another language, by the English ones
  const TEXTS = JSON.parse($("data-texts")?.textContent ?? "{}");
  const say = (text, values = {}) => (TEXTS[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const word = (rank) => say(WORDS[rank] ?? rank);

  const thousands = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");

  // Packed data: JSON, gzip, base64
  const unpacked = {};
  const unpack = (name) => unpacked[name] ??= (async () => {
    const bytes = Uint8Array.from(atob($(`data-${name}`).textContent), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  })();
  const overview = () => unpack("overview");
  const shownAtFirst = Number($("data-rows").dataset.shown);
  const proven = Number($("data-evidence").dataset.proven);

  // Rows: those of the markup, and those that are made from the packed data when they are wanted
  const groups = [...document.querySelectorAll(".group")].map((element) => ({
    element,
    number: Number(element.dataset.number),
    rank: element.dataset.rank,
    families: element.dataset.families.split(" "),
    levels: element.dataset.levels.split(" "),
    list: element.querySelector(".rows"),
    rest: element.querySelector(".rest"),
    head: [...element.children].filter((child) => !child.matches(".all")).map((c) => c.textContent).join(" ").toLowerCase(),
    rows: [...element.querySelectorAll(".row")].map((row, index) => ({ index, element: row })),
    all: element.querySelector(".all"),
    limit: STEP,
  }));
  groups.forEach((group) => group.rows.forEach((row) => { row.group = group; adopt(row); }));

  function adopt(row) {
    row.element.querySelector(".copy").hidden = false;
    row.element.querySelector(".copy").addEventListener("click", (event) => copy(row, event.currentTarget));
    for (const button of row.element.querySelectorAll(".take")) button.hidden = false;
    row.element.addEventListener("click", ({ target }) => target.matches(".take") && take(row, target));
    row.element.querySelector("details").addEventListener("toggle", () => prove(row));
    row.element.mailproofRow = row;
  }

  let packedRows;
  const addPackedRows = () => packedRows ??= (async () => {
    const [packed, { targets, domains }] = await Promise.all([unpack("rows"), overview()]);
    for (const group of groups) {
      const [of, messages, notes, ids, controls] = packed[group.number];
      of.forEach((target, index) => {
        const [name, its, place] = targets[target];
        const row = {
          group, index: shownAtFirst + index, target: name, domains: its.map((domain) => domains[domain][0]),
          place, note: notes[index] ?? "", ids: ids[index].split(" "), controls: controls[index]?.split(" "), element: null,
        };
        row.message = named(row, messages[index] ?? "");
        group.rows.push(row);
      });
    }
  })();

  // Names stand in packed text as control characters
  const named = (row, text) => {
    if (!/[\x01-\x08]/.test(text)) return text;
    row.names ??= [...new Set([targetOf(row), ...targetOf(row).split(/[@[\]]+/), ...domainsOf(row)])];
    return text.replace(/[\x01-\x08]/g, (code) => row.names[code.charCodeAt(0) - 1]);
  };
  const targetOf = (row) => row.target ??= row.element.dataset.target;
  const domainsOf = (row) => row.domains ??= row.element.dataset.domains.split(" ").filter(Boolean);
  const placeOf = (row) => row.where ??= `${targetOf(row)} ${domainsOf(row).join(" ")}`.toLowerCase();
  const textOf = (row) => row.text ??= row.element && !row.ids
    ? row.element.textContent.toLowerCase()
    : `${placeOf(row)} ${row.message} ${row.note} ${(row.controls ?? []).join(" ")}`.toLowerCase();
  const familiesOf = (row) => row.families ??= row.group.families.length < 2 ? row.group.families
    : (row.controls ?? [...row.element.querySelectorAll(".leaves span")].map((span) => span.textContent))
      .map((control) => control.split("-")[0]);

  function elementOf(row) {
    if (row.element) return row.element;
    const item = $("row-template").content.firstElementChild.cloneNode(true);
    const part = (name) => item.querySelector(`.${name}`);
    part("target").textContent = row.target;
    for (const name of ["note", "message", "place"]) {
      if (row[name]) part(name).textContent = row[name]; else part(name).remove();
    }
    if (row.controls) {
      part("leaves").append(say("Leaves without a verdict:"), " ");
      row.ids.forEach((id, index) => {
        const span = document.createElement("span");
        span.id = `finding-${id}`;
        span.tabIndex = -1;
        span.textContent = row.controls[index];
        part("leaves").append(index ? ", " : "", span);
      });
    } else {
      part("leaves").remove();
      item.id = `finding-${row.ids[0]}`;
      item.tabIndex = -1;
    }
    part("permalink").href = `#finding-${row.ids[0]}`;
    row.element = item;
    adopt(row);
    return item;
  }

  // Evidence that the markup has no room for
  async function prove(row) {
    const proof = row.element.querySelector(".proof");
    if (row.proved || proof.querySelector(".evidence")) return;
    row.proved = true;
    const { lines, groups: all } = await unpack("evidence");
    const found = all[row.group.number][row.index - proven];
    const part = $("proof-template").content.cloneNode(true);
    const [observed, remedy, evidence] = part.children;
    if (found) {
      const text = (numbers) => numbers.map((number) => named(row, lines[number])).join("\n");
      observed.textContent = text(found[0]);
      evidence.textContent = text(found[1]);
      if (!found[0].length) observed.remove();
      if (found.length > 2) show(remedy, text(found[2]), text(found[3])); else remedy.remove();
    } else {
      observed.textContent = say("The evidence of so many findings does not fit into this page; it is in the JSON report.");
      remedy.remove();
      evidence.remove();
    }
    proof.querySelector(":scope > .tools").before(part);
  }

  function show(remedy, published, instead) {
    const part = (name) => remedy.querySelector(`.${name}`);
    part("instead").textContent = instead;
    part("published").textContent = published;
    if (!instead) {
      for (const name of ["publish", "instead", "tools"]) part(name).remove();
      part("former").textContent = say("Remove");
    }
    if (!published) for (const name of ["former", "published"]) part(name).remove();
  }

  async function copy(row, button) {
    await prove(row);
    const { group } = row;
    const says = row.element.querySelector("summary .message")?.textContent
      ?? group.element.querySelector(".found, .title").textContent;
    const parts = [
      `${group.element.querySelector("h3 code")?.textContent ?? ""} ${group.levels.join(" ")} ${targetOf(row)}`.trim(),
      says,
      ...[...row.element.querySelectorAll(".observed, .evidence")].map((part) => part.textContent.trimEnd()),
    ];
    await write(`${parts.join("\n")}\n`, button);
  }

  // What is to be pasted into a zone or a policy file, and nothing else
  const take = (row, button) => write(`${row.element.querySelector(".instead").textContent.trimEnd()}\n`, button);

  async function write(text, button) {
    const { textContent: name } = button;
    if (name === say("Copied")) return;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = say("Copied");
    setTimeout(() => { button.textContent = name; }, 2000);
  }

  // Filters
  const form = $("filter");
  const wanted = () => ({
    text: $("by-text").value.trim().toLowerCase(),
    target: $("by-target").value.trim().toLowerCase(),
    family: $("by-family").value,
    level: $("by-level").value,
    verdict: $("by-verdict").value,
  });
  const isFiltered = (filter) => Object.values(filter).some(Boolean);

  const groupMatches = (group, filter) =>
    (!filter.family || group.families.includes(filter.family))
    && (!filter.level || group.levels.includes(filter.level))
    && (!filter.verdict || filter.verdict === (["must", "should", "may"].includes(group.rank) ? "fail" : group.rank));

  const rowMatches = (row, filter) =>
    (!filter.target || placeOf(row).includes(filter.target))
    && (!filter.family || familiesOf(row).includes(filter.family))
    && (!filter.text || row.group.head.includes(filter.text) || textOf(row).includes(filter.text));

  function showGroup(group, filter) {
    const matching = groupMatches(group, filter) ? group.rows.filter((row) => rowMatches(row, filter)) : [];
    const visible = new Set(matching.slice(0, group.limit));
    for (const row of group.rows) {
      if (visible.has(row)) {
        const element = elementOf(row);
        element.hidden = false;
        if (!element.parentNode) group.list.append(element);
      } else if (row.element) {
        row.element.hidden = true;
      }
    }
    group.element.hidden = matching.length === 0;
    if (filter.target && matching.length) group.all.open = true;
    group.all.firstElementChild.textContent = matching.length === 1
      ? say("1 target") : say("{n} targets", { n: thousands(matching.length) });
    if (group.rest) {
      const more = matching.length - visible.size;
      group.rest.firstElementChild.textContent = more > 0
        ? say("The first {n} of {all} targets.", { n: visible.size, all: thousands(matching.length) })
        : "";
      group.rest.querySelector(".more").hidden = more <= 0;
    }
    return matching.length;
  }

  async function apply() {
    const filter = wanted();
    await addPackedRows();
    let found = 0, kinds = 0;
    for (const group of groups) {
      const number = showGroup(group, filter);
      found += number;
      kinds += number ? 1 : 0;
    }
    for (const section of document.querySelectorAll("section.findings")) {
      section.hidden = !section.querySelector(".group:not([hidden])");
    }
    const matches = () => {
      if (!found) return say("Nothing matches");
      return kinds === 1 ? say("{n} in 1 group", { n: thousands(found) })
        : say("{n} in {groups} groups", { n: thousands(found), groups: kinds });
    };
    $("matches").textContent = isFiltered(filter) ? matches() : "";
    if (matrix) matrix.filter(filter);
  }

  // Links to one finding
  async function reach() {
    const id = decodeURIComponent(location.hash.slice(1));
    if (!id.startsWith("finding-")) return;
    let element = $(id);
    if (!element) {
      await addPackedRows();
      const wantedId = id.slice("finding-".length);
      for (const group of groups) {
        const row = group.rows.find((each) => each.ids?.includes(wantedId));
        if (row) { group.list.append(elementOf(row)); element = $(id); break; }
      }
    }
    $("gone").hidden = Boolean(element);
    if (!element) {
      $("gone").textContent = say("This finding is not in this report: it was mended, or its target was not judged.");
      return;
    }
    const item = element.closest(".row");
    if (item.closest("[hidden]")) { form.reset(); await apply(); }
    item.hidden = false;
    document.querySelectorAll(".reached").forEach((other) => other.classList.remove("reached"));
    item.classList.add("reached");
    item.closest(".all").open = true;
    item.querySelector("details").open = true;
    await prove(item.mailproofRow);
    element.scrollIntoView({ block: "start" });
    element.focus({ preventScroll: true });
  }

  // The matrix: all targets, as many rows as can be seen
  let matrix = null;
  async function makeMatrix() {
    const { ranks, families, targets, cells, domains } = await overview();
    const scroll = $("matrix-scroll"), body = $("matrix-rows");
    const virtual = body.rows.length < targets.length;
    const rows = virtual ? null : [...body.rows];
    const places = targets.map(([name, of]) => `${name} ${of.map((domain) => domains[domain][0]).join(" ")}`.toLowerCase());
    let chosen = targets.map((_, index) => index);
    const links = new Map();

    const cell = (index, family) => {
      const element = document.createElement("td");
      const number = targets[index][3][family];
      if (number < 0) return element;
      const counts = cells[number];
      const worst = ranks[counts.findIndex(Boolean)];
      const says = `${families[family]}: ${counts.map((count, rank) => count && `${count} ${word(ranks[rank])}`).filter(Boolean).join(", ")}`;
      element.className = `cell ${worst}`;
      element.title = says;
      const id = links.get(`${targets[index][0]}\n${families[family]}`);
      if (id && worst !== "pass" && worst !== "none") {
        const link = document.createElement("a");
        link.href = `#finding-${id}`;
        link.setAttribute("aria-label", says);
        link.textContent = GLYPHS[worst];
        element.append(link);
      } else {
        element.textContent = GLYPHS[worst];
      }
      return element;
    };
    const made = new Map();
    const line = (index) => {
      if (made.has(index)) return made.get(index);
      const row = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = targets[index][0];
      row.append(head, ...families.map((_, family) => cell(index, family)));
      if (made.size > 500) made.clear();
      made.set(index, row);
      return row;
    };
    const spacer = (height) => {
      const row = document.createElement("tr");
      row.setAttribute("aria-hidden", "true");
      row.style.height = `${height}px`;
      return row;
    };
    let from = -1, until = -1;
    const draw = (again) => {
      const first = Math.max(0, Math.floor(scroll.scrollTop / ROW_HEIGHT) - OVERSCAN);
      const last = Math.min(chosen.length, first + Math.ceil(scroll.clientHeight / ROW_HEIGHT) + 2 * OVERSCAN);
      if (!again && first === from && last === until) return;
      [from, until] = [first, last];
      const lines = chosen.slice(first, last).map((index, offset) => {
        const row = line(index);
        row.setAttribute("aria-rowindex", String(first + offset + 2));
        return row;
      });
      const held = body.contains(document.activeElement) ? document.activeElement : null;
      body.replaceChildren(spacer(first * ROW_HEIGHT), ...lines, spacer((chosen.length - last) * ROW_HEIGHT));
      if (held?.isConnected) held.focus({ preventScroll: true });
    };
    const filter = ({ target, family }) => {
      const column = families.indexOf(family);
      chosen = targets.map((_, index) => index)
        .filter((index) => (!target || places[index].includes(target)) && (column < 0 || targets[index][3][column] >= 0));
      if (virtual) {
        scroll.scrollTop = 0;
        draw(true);
      } else {
        const kept = new Set(chosen);
        rows.forEach((row, index) => { row.hidden = !kept.has(index); });
      }
    };
    if (virtual) {
      scroll.addEventListener("scroll", () => requestAnimationFrame(() => draw(false)), { passive: true });
      draw(true);
      setTimeout(async () => {
        await addPackedRows();
        for (const group of groups) {
          for (const row of group.rows) {
            const id = row.ids ? row.ids[0] : row.element.querySelector(".permalink").hash.slice("#finding-".length);
            for (const family of new Set(familiesOf(row))) {
              const key = `${targetOf(row)}\n${family}`;
              if (!links.has(key)) links.set(key, id);
            }
          }
        }
        made.clear();
        draw(true);
      }, 200);
    }
    matrix = { filter };
  }

  // Domains beyond the first ones
  async function moreCards() {
    const { domains, ranks } = await overview();
    const list = $("cards");
    const at = list.children.length;
    for (const [name, ...counts] of domains.slice(at, at + 60)) {
      const tally = Object.fromEntries(ranks.map((rank, index) => [rank, counts[index]]));
      const applicable = counts.reduce((sum, count) => sum + count, 0) - tally.none;
      const card = list.firstElementChild.cloneNode(true);
      const worst = ranks[counts.findIndex(Boolean)];
      card.className = `card ${worst}`;
      card.querySelector(".name").textContent = card.querySelector(".name").dataset.domain = name;
      card.querySelector(".score").textContent = applicable ? `${Math.floor(tally.pass * 100 / applicable)} %` : "–";
      card.querySelector(".bar")?.remove();
      const says = card.querySelector(".says");
      says.textContent = worst === "none" ? say("nothing applied") : worst === "pass" ? say("nothing to mend") : "";
      for (const rank of ranks.filter((each) => tally[each] && each !== "pass" && each !== "none")) {
        const part = document.createElement("span");
        part.className = rank;
        part.textContent = `${tally[rank]} ${word(rank)}`;
        says.append(part, " ");
      }
      list.append(card);
    }
    $("cards-note").textContent = say("{n} of {all} domains.", { n: list.children.length, all: thousands(domains.length) });
    $("more-cards").hidden = list.children.length >= domains.length;
  }

  // Wiring
  if (form) {
    form.hidden = false;
    let timer = 0;
    for (const kind of ["input", "change"]) {
      form.addEventListener(kind, () => { clearTimeout(timer); timer = setTimeout(apply, 120); });
    }
    form.addEventListener("reset", () => setTimeout(() => { groups.forEach((group) => { group.limit = STEP; }); apply(); }));
    form.addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("click", (event) => {
      const domain = event.target.closest?.("[data-domain]")?.dataset.domain;
      if (domain) { $("by-target").value = domain; apply(); }
      const more = event.target.closest?.(".more");
      if (more) {
        const group = groups.find((each) => each.element.contains(more));
        group.limit += STEP;
        addPackedRows().then(() => showGroup(group, wanted()));
      }
      const link = event.target.closest?.('a[href^="#finding-"]');
      if (link && link.hash === location.hash) reach();
    });
    for (const button of document.querySelectorAll(".more")) button.hidden = false;
  }
  if ($("more-cards")) {
    $("more-cards").hidden = false;
    $("more-cards").addEventListener("click", moreCards);
  }
  addEventListener("hashchange", reach);
  addEventListener("beforeprint", () => {
    for (const group of groups) {
      const wasOpen = group.all.open;
      group.all.open = true;
      const first = group.list.querySelector(".row:not([hidden]) details");
      if (wasOpen && first && !group.list.querySelector("details[open]")) first.open = true;
    }
  });
  makeMatrix().then(reach);
})();
