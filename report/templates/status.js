(function () {
  "use strict";
  // Asks for the page anew and puts the new middle in the place of the old one:
  // what the reader has opened stays open, and nothing jumps.
  var every = 15000, main = document.querySelector("main");
  if (!window.fetch || !main) return;
  function renew() {
    if (document.hidden) return;
    fetch(location.href, { headers: { Accept: "text/html" } }).then(function (res) {
      if (!res.ok) throw new Error(res.status);
      return res.text();
    }).then(function (text) {
      var doc = new DOMParser().parseFromString(text, "text/html"), fresh = doc.querySelector("main");
      if (!fresh) return;
      main.querySelectorAll("details[id]").forEach(function (old) {
        var now = doc.getElementById(old.id);
        if (now) now.open = old.open;
      });
      var focused = document.activeElement && document.activeElement.closest("details[id]");
      var head = main.querySelector("h1"), said = head && head.textContent;
      main.innerHTML = fresh.innerHTML;
      document.title = doc.title;
      var icon = document.querySelector("link[rel=icon]"), other = doc.querySelector("link[rel=icon]");
      if (icon && other) icon.href = other.href;
      if (focused) { var again = document.getElementById(focused.id); if (again) again.querySelector("summary").focus(); }
      head = main.querySelector("h1");
      if (head && head.textContent !== said) document.getElementById("news").textContent = head.textContent;
      document.getElementById("lost").hidden = true;
    }).catch(function () { document.getElementById("lost").hidden = false; });
  }
  setInterval(renew, every);
  document.addEventListener("visibilitychange", renew);
})();
