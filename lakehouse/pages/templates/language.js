// The page is Chinese; the button, `#en` or what was chosen before makes it English. Closed folds are opened by a link, and for printing.
(function () {
  var root = document.documentElement, button = document.getElementById("language");
  function show(language) {
    root.lang = language;
    button.textContent = language === "zh" ? "English" : "中文";
    try { localStorage.setItem("huiliu-language", language); } catch (refused) { /* a page opened from a file may keep nothing */ }
  }
  var kept = null;
  try { kept = localStorage.getItem("huiliu-language"); } catch (refused) { /* as above */ }
  show(location.hash === "#en" || (kept === "en" && location.hash !== "#zh") ? "en" : "zh");
  button.addEventListener("click", function () { show(root.lang === "zh" ? "en" : "zh"); });
  function reveal() {  // what the address names is opened, with everything around it
    var named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!named) { return; }
    Array.prototype.forEach.call(named.querySelectorAll("details.columns"), function (one) { one.open = true; });
    for (var one = named; one; one = one.parentElement) { if (one.tagName === "DETAILS") { one.open = true; } }
    named.scrollIntoView();
  }
  window.addEventListener("hashchange", reveal);
  reveal();
  var folded = [];
  window.addEventListener("beforeprint", function () {
    folded = Array.prototype.filter.call(document.querySelectorAll("details"), function (one) { return !one.open; });
    folded.forEach(function (one) { one.open = true; });
  });
  window.addEventListener("afterprint", function () { folded.forEach(function (one) { one.open = false; }); });
})();
