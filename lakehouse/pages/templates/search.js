// Filters the whole page by what is typed. A part ([data-unit]) has a head ([data-head]) and rows; a row stays when every word is found
// in it or in the head of a part around it. A word also finds its synonyms, which the page declares.
(function () {
  var field = document.getElementById("search"), told = document.getElementById("found");
  var groups = JSON.parse(document.getElementById("synonyms").textContent), units = null;
  var narrow = matchMedia("(max-width: 560px)").matches;
  // On a phone the long tables are closed until somebody goes to one or finds something in it.
  function atRest(node) { return node.classList.contains("columns") && !narrow; }
  function plain(text) { return text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim(); }
  function textOf(node) {
    var copy = node.cloneNode(true);
    copy.querySelectorAll("[data-quiet]").forEach(function (one) { one.remove(); });
    return plain(copy.textContent);
  }
  function read() {
    units = Array.prototype.map.call(document.querySelectorAll("[data-unit]"), function (node) {
      var head = Array.prototype.filter.call(node.querySelectorAll("[data-head]"), function (one) { return one.closest("[data-unit]") === node; });
      var rows = Array.prototype.filter.call(node.querySelectorAll("tbody tr"), function (one) { return one.closest("[data-unit]") === node; });
      var outer = node.parentElement.closest("[data-unit]");
      return { node: node, head: head.map(textOf).join(" "), outer: outer, rows: rows.map(function (one) { return { node: one, text: textOf(one) }; }) };
    });
    units.forEach(function (one) {  // outer parts come before the inner ones
      var outer = units.find(function (other) { return other.node === one.outer; });
      if (outer) { one.head = outer.head + " " + one.head; }
    });
  }
  function meant(word) {
    var found = [word];
    groups.forEach(function (group) {
      var said = group.map(plain).filter(function (one) { return word.indexOf(one) >= 0; }).sort(function (a, b) { return b.length - a.length; })[0];
      if (said) { group.forEach(function (one) { found.push(word.replace(said, plain(one))); }); }
    });
    return found.filter(function (one, place) { return found.indexOf(one) === place; });
  }
  function holds(text, words) {
    return words.every(function (one) { return one.some(function (way) { return text.indexOf(way) >= 0; }); });
  }
  function filter() {
    var words = plain(field.value).split(" ").filter(Boolean).map(meant), shown = 0;
    if (!units) { read(); }
    units.forEach(function (one) {
      var whole = holds(one.head, words), here = 0;
      one.rows.forEach(function (row) { row.node.hidden = !(whole || holds(one.head + " " + row.text, words)); here += row.node.hidden ? 0 : 1; });
      one.stays = whole || here > 0;
      if (one.node.tagName === "DETAILS") { one.node.open = words.length ? here > 0 && (!whole || one.node.classList.contains("columns")) : atRest(one.node); }
      shown += here;
    });
    units.forEach(function (one) { one.node.hidden = !(one.stays || units.some(function (inner) { return inner.outer === one.node && inner.stays; })); });
    document.querySelectorAll("[data-group]").forEach(function (group) {
      var left = 0;
      group.querySelectorAll("a[href^='#']").forEach(function (link) {
        var target = document.getElementById(link.getAttribute("href").slice(1));
        link.hidden = Boolean(target && target.hidden);
        left += link.hidden ? 0 : 1;
      });
      group.hidden = left === 0;
    });
    say(words, shown);
  }
  function say(words, shown) {
    var others = [];
    words.forEach(function (one) { others = others.concat(one.slice(1)); });
    var also = others.length && shown ? ["，也查了：" + others.join("、"), "; also looked for: " + others.join(", ")] : ["", ""];
    var zh = shown ? "找到 " + shown + " 行" + also[0] : "无结果。换个说法试试，或清空搜索。";
    var en = shown ? "Rows found: " + shown + also[1] : "Nothing found. Try another word, or clear the search.";
    told.querySelector(".zh").textContent = words.length ? zh : "";
    told.querySelector(".en").textContent = words.length ? en : "";
    told.classList.toggle("nothing", words.length > 0 && shown === 0);
  }
  field.addEventListener("input", filter);
  field.addEventListener("keydown", function (event) { if (event.key === "Escape") { field.value = ""; filter(); } });
  document.querySelectorAll("details.columns").forEach(function (one) { one.open = atRest(one); });
  window.dispatchEvent(new Event("hashchange"));  // opens again what the address names
  if (field.value) { filter(); }  // a browser that goes back keeps what was typed
})();
