# Writes what came of each test as JSON: Rscript outcomes.R FILE, run in a copy of the package.
# Twins: outcomes.py, outcomes.js.

if (!file.exists("R")) invisible(file.rename("r", "R"))
results <- testthat::test_file(
  "tests/testthat/test-cases.R",
  package = "twinprop", load_package = "source", reporter = "silent", stop_on_failure = FALSE
)

# "passed", "failed" (an expectation was not met) or "broken" (anything else went wrong)
outcome <- function(test) {
  is <- function(class) any(vapply(test$results, inherits, TRUE, class))
  if (is("expectation_failure")) {
    "failed"
  } else if (is(c("expectation_error", "expectation_skip"))) {
    "broken"
  } else {
    "passed"
  }
}

outcomes <- lapply(results, outcome)
names(outcomes) <- vapply(results, `[[`, "", "test")
jsonlite::write_json(outcomes, commandArgs(TRUE)[1L], auto_unbox = TRUE)
