// What the tests ask of a page that is shown. Each answer is a list of what is wrong, or a text.
(function () {
  "use strict";
  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const told = (it) => it.outerHTML.slice(0, 160).replace(/\s+/g, " ");
  const reached = new Set(), unseen = new Set();
  const controls = () => [...document.querySelectorAll(CONTROLS)]
    .filter((it) => !it.disabled && it.checkVisibility({ visibilityProperty: true }));

  document.addEventListener("focusin", (event) => {
    reached.add(event.target);
    if (getComputedStyle(event.target).outlineStyle === "none") { unseen.add(event.target); }
  });

  window.examine = {
    // What stands on it, without what is another a moment later (the audit tells of this very look), or a secret that is
    // made anew.
    text() {
      document.querySelectorAll(".heard, .value, .events tbody").forEach((it) => { it.textContent = ""; });
      return document.body.innerText.replace(/\b[A-Z2-7]{4}\b/g, "").replace(/\d+/g, "0");
    },

    // What is broken of axe's rules.
    async axe() {
      const asked = { preload: false, resultTypes: ["violations"], rules: { "target-size": { enabled: true } } };
      const found = await axe.run(document, asked);
      return found.violations.flatMap((rule) => rule.nodes.slice(0, 3).map((node) => {
        const why = [...node.any, ...node.all, ...node.none].map((check) => check.message);
        return `${rule.id}: ${node.html.slice(0, 160)}: ${why[0] || rule.help}`;
      }));
    },

    // What is wider than the screen; what scrolls by itself may be.
    wide() {
      const root = document.documentElement, width = root.clientWidth;
      if (root.scrollWidth <= width) { return []; }
      const scrolls = (it) => it !== root && it !== document.body && getComputedStyle(it).overflowX !== "visible";
      const isHeld = (it) => { for (let up = it; up; up = up.parentElement) { if (scrolls(up)) { return true; } } return false; };
      const wide = [...document.querySelectorAll("body *")]
        .filter((it) => it.getBoundingClientRect().right > width + 0.5 && !isHeld(it));
      return [`${root.scrollWidth} wide on a screen of ${width}: ${wide.slice(-2).map(told).join(" and ")}`];
    },

    // How often Tab is pressed at most to come through it; what asks for a date has stops within.
    stops() {
      const dates = document.querySelectorAll("[type=date], [type=datetime-local], [type=time], [type=month]").length;
      return controls().length + 8 * dates + 5;
    },

    // What Tab has not come to; of radio buttons one stands for all.
    missed() {
      const all = controls();
      const isReached = (it) => reached.has(it)
        || (it.type === "radio" && all.some((other) => other.name === it.name && reached.has(other)));
      return all.filter((it) => !isReached(it)).map((it) => `no key leads to ${told(it)}`);
    },

    // What does not show that it has the focus, looked at once more: the first key comes while the window wakes.
    unseen() {
      const isUnseen = (it) => { it.focus({ focusVisible: true }); return getComputedStyle(it).outlineStyle === "none"; };
      return [...unseen].filter(isUnseen).map((it) => `one does not see the focus of ${told(it)}`);
    },
  };
}());
