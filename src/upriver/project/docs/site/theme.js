// Runs before the first paint, so that the page does not flash in the other theme.
(function () {
  let theme = null;
  try {
    theme = localStorage.getItem("upriver-docs-theme");
  } catch (error) {
    // Storage is closed to pages opened as files in some browsers.
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
