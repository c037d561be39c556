// The page is Chinese; the button, `#en` or what was chosen before makes it English. Tables in closed folds are printed too.
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
  var folded = [];
  window.addEventListener("beforeprint", function () {
    folded = Array.prototype.filter.call(document.querySelectorAll("details"), function (one) { return !one.open; });
    folded.forEach(function (one) { one.open = true; });
  });
  window.addEventListener("afterprint", function () { folded.forEach(function (one) { one.open = false; }); });
  var search = document.getElementById("search");
  if (search) {
    search.addEventListener("input", function () {
      var wanted = search.value.trim().toLowerCase();
      document.querySelectorAll("[data-search]").forEach(function (one) {
        one.hidden = wanted !== "" && one.dataset.search.indexOf(wanted) < 0;
      });
    });
  }
})();
