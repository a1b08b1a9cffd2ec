// Keeps the newest values of a page fresh: each event names metrics, and the page has a place for some of them.
(function () {
  "use strict";
  var place = document.querySelector("[data-live]");
  if (!place || !window.EventSource) { return; }
  var source = new EventSource(place.getAttribute("data-live")), heardAt = Date.now(), SILENCE_MS = 45000;
  function each(act) { place.querySelectorAll("[id^=tile-]").forEach(act); }
  function grey() { each(function (tile) { tile.classList.add("stale"); }); }
  source.addEventListener("vitals", function (event) {
    heardAt = Date.now();
    JSON.parse(event.data).forEach(function (vital) {
      var tile = document.getElementById("tile-" + vital.metric);
      if (!tile) { return; }
      var value = tile.querySelector(".value"), heard = tile.querySelector(".heard");
      if (value && value.textContent !== vital.value) {
        value.textContent = vital.value;
        tile.classList.remove("fresh");
        void tile.offsetWidth;
        tile.classList.add("fresh");
      }
      if (heard) { heard.textContent = vital.heard; }
      tile.classList.toggle("stale", vital.stale);
    });
  });
  // What was measured while the page was cut off is told, once.
  source.addEventListener("gap", function (event) {
    if (document.getElementById("gap")) { return; }
    var told = document.createElement("p");
    told.id = "gap";
    told.className = "note";
    told.setAttribute("role", "status");
    told.textContent = event.data;
    place.parentNode.insertBefore(told, place);
  });
  // What is not listened to is not shown as present: cut off, ended, or silent for longer than the server is.
  source.addEventListener("error", grey);
  setInterval(function () { if (Date.now() - heardAt > SILENCE_MS) { grey(); } }, 5000);
}());

// Asks for a page again every so many seconds, and puts what has changed in its place; what cannot be asked for is stale.
(function () {
  "use strict";
  var place = document.querySelector("[data-refresh]");
  if (!place || !window.fetch) { return; }
  setInterval(function () {
    if (document.hidden || place.contains(document.activeElement)) { return; }
    fetch(location.pathname, { headers: { "x-refresh": "1" } }).then(function (answer) { return answer.text(); }).then(function (text) {
      var fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-refresh]");
      place.classList.toggle("stale", !fresh);
      if (fresh) { place.replaceChildren.apply(place, Array.from(fresh.childNodes)); }
    }).catch(function () { place.classList.add("stale"); });
  }, 1000 * Number(place.getAttribute("data-refresh")));
}());

// Passkeys: asks a device to sign what the page is given for that, and sends what it signed with the form.
(function () {
  "use strict";
  var form = document.querySelector("form[data-passkey]"), known = window.PublicKeyCredential;
  if (!form || !known || !known.parseCreationOptionsFromJSON || !known.parseRequestOptionsFromJSON) { return; }
  var failed = form.querySelector("[data-passkey-failed]"), button = form.querySelector("button");
  form.hidden = false;
  document.querySelector("[data-passkey-without]").hidden = true;
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    button.disabled = true;
    failed.hidden = true;
    fetch(form.getAttribute("data-passkey"), { method: "POST", body: new URLSearchParams({ form_token: form.elements.form_token ? form.elements.form_token.value : "" }) }).then(function (answer) {
      // Who is asked who that is, is asked that first.
      if (answer.status === 401 || answer.redirected) { location.reload(); }
      if (!answer.ok) { throw new Error(String(answer.status)); }
      return answer.json();
    }).then(function (asked) {
      return asked.user
        ? navigator.credentials.create({ publicKey: known.parseCreationOptionsFromJSON(asked) })
        : navigator.credentials.get({ publicKey: known.parseRequestOptionsFromJSON(asked) });
    }).then(function (made) {
      form.elements.answer.value = JSON.stringify(made.toJSON());
      form.submit();
    }).catch(function () {
      button.disabled = false;
      failed.hidden = false;
    });
  });
}());
