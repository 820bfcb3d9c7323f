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
    files: ["inst/js/run.js", "tests/js/**/*.js"],
    languageOptions: { globals: globals.node },
  },
];
