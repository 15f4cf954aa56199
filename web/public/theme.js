// Before the first paint, so that a dark page does not flash white. Mantine keeps the choice under the same name.
(function () {
  var choice = 'auto';
  try {
    choice = localStorage.getItem('mantine-color-scheme-value') || 'auto';
  } catch (error) {
    // A browser that keeps nothing gets what the system says.
  }
  var dark = choice === 'dark' || (choice === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
