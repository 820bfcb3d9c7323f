import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["**/node_modules/", ".venv/", ".rlib/", "**/*.Rcheck/", "build/", "dist/"] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      eqeqeq: "error",
      "no-shadow": "error",
      "no-unused-vars": ["error", { args: "none" }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
    },
  },
  {
    // What node and browsers both have.
    files: ["inst/js/**/*.js"],
    languageOptions: { globals: globals["shared-node-browser"] },
  },
  {
    // The page's own: what touches the document.
    files: ["inst/js/sketch/{page,lesson,load_p5,draw}.js"],
    languageOptions: { globals: globals.browser },
  },
  {
    // Callbacks of these tests run in the page.
    files: ["tests/browser/**/*.js"],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
  {
    files: ["inst/js/run.js", "tests/js/**/*.js", "bench/*.mjs"],
    languageOptions: { globals: globals.node },
  },
];
