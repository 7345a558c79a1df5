// In a widget of a lesson the keys are the widget's: arrows move its slider, Enter ends a number.
// JupyterLab lets widgets have them; within JupyterLite it takes them first.

const inWidget = (element) => element.closest?.(".jupyter-widgets");

addEventListener("focusin", ({ target }) => {
  if (inWidget(target)) target.setAttribute("data-lm-suppress-shortcuts", "true");
});

// What JupyterLab does to every line break in a cell keeps a field from saying that it has changed.
addEventListener(
  "beforeinput",
  (event) => {
    if (event.inputType === "insertLineBreak" && inWidget(event.target))
      event.stopImmediatePropagation();
  },
  true,
);
