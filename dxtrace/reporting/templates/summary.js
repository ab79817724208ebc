(function () {
  "use strict";
  var rows = Array.prototype.slice.call(document.querySelectorAll("#cases tbody tr"));
  var texts = rows.map(function (row) { return row.textContent.toLowerCase(); });
  var search = document.getElementById("search");
  var shown = document.getElementById("shown");
  var kinds = Array.prototype.slice.call(document.querySelectorAll("input[name=kind]"));
  function apply() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var kind = kinds.filter(function (k) { return k.checked; })[0].value;
    var count = 0;
    rows.forEach(function (row, i) {
      var fits = (kind === "all" || row.classList.contains(kind)) &&
        words.every(function (w) { return texts[i].indexOf(w) >= 0; });
      row.hidden = !fits;
      if (fits) { count += 1; }
    });
    shown.textContent = count + " of " + rows.length;
  }
  search.addEventListener("input", apply);
  kinds.forEach(function (k) { k.addEventListener("change", apply); });
  document.getElementById("filter").hidden = false;
  apply();
})();
