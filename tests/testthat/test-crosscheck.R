# Twin: tests/cross/test_crosscheck.py, where R is held against Python and JavaScript; here is what
# needs neither.

check <- make_checks("three_by_three")[[1L]]
run <- tp_run(check$plan)

test_that("every rule is trained with every cost that fits", {
  plans <- make_checks("iris")
  expect_length(plans, 17L)
  expect_setequal(vapply(plans, `[[`, "", "rule"), names(tp_rules()))
  expect_length(make_checks("diabetes"), 12L)
  outputs <- vapply(plans, function(plan) plan$plan$network$activations[[2L]], "")
  costs <- vapply(plans, `[[`, "", "cost")
  expect_identical(outputs == "softmax", costs == "cross_entropy")
})

test_that("a run differs from itself by nothing", {
  expect_identical(unname(run_differences(run, run)), rep(0, length(crosscheck_tolerances)))
  expect_named(run_differences(run, run), names(crosscheck_tolerances))
})

test_that("a difference shows in its own group and nowhere else", {
  shows <- function(changed) {
    differences <- run_differences(changed, run)
    names(differences)[differences > crosscheck_tolerances]
  }
  changed <- run
  changed$outputs[3L] <- changed$outputs[3L] * (1 + 1e-9)
  expect_identical(shows(changed), "outputs")
  changed <- run
  changed$cost[2L] <- changed$cost[2L] * (1 + 1e-8)
  expect_identical(shows(changed), "costs")
  changed <- run
  changed$biases[[1L]][2L] <- changed$biases[[1L]][2L] + 1e-9
  expect_identical(shows(changed), "weights")
  changed <- run
  changed$snapshots[[1L]]$weights[[1L]][1L] <- 0.9 + 1e-9
  expect_identical(shows(changed), "after_1")
})

test_that("what cannot be compared differs", {
  changed <- run
  changed$outputs <- c(changed$outputs)
  expect_identical(run_differences(changed, run)[["outputs"]], Inf)
  changed$outputs <- run$outputs * NaN
  expect_identical(run_differences(changed, run)[["outputs"]], Inf)
  changed$snapshots <- list()
  expect_identical(run_differences(changed, run)[["after_10"]], Inf)
})

test_that("a plan written as JSON is the same plan", {
  for (plan in list(check$plan, tp_read_plan(list(
    network = list(layers = c(1, 1), activations = list("tanh")),
    training = list(optimizer = list(name = "adam", betas = c(0.5, 0.75)), snapshots = 3),
    data = list(x = matrix(1 / 3), d = matrix(0.1))
  )))) {
    again <- tp_read_plan(plan_json(plan))
    expect_equal(again, plan, tolerance = 0)
  }
})

test_that("a run file reads back as the run", {
  path <- tempfile(fileext = ".json")
  on.exit(unlink(path))
  tp_write_run(run, path)
  expect_identical(unname(run_differences(read_run(path), run)),
                   rep(0, length(crosscheck_tolerances)))
})

test_that("a missing engine is named, with what to install", {
  old <- Sys.getenv("TWINPROP_PYTHON", NA)
  on.exit(if (is.na(old)) Sys.unsetenv("TWINPROP_PYTHON") else Sys.setenv(TWINPROP_PYTHON = old))
  Sys.setenv(TWINPROP_PYTHON = "no-such-python")
  found <- tp_crosscheck("xor", engines = "python", require = "python", progress = FALSE)
  expect_false(attr(found, "agrees"))
  expect_identical(attr(found, "verdict"), "INCOMPLETE: required, but missing: python.")
  expect_output(print(found), "python is missing: install the Python package: pip install twinprop")
  alone <- tp_crosscheck("xor", engines = "python", progress = FALSE)
  expect_identical(
    attr(alone, "verdict"), "Nothing compared: no engine but R is here. Missing: python."
  )
  expect_true(attr(tp_crosscheck("xor", engines = character(), progress = FALSE), "agrees"))
})

test_that("a part of the result is a plain data frame, without the verdict on the whole", {
  found <- structure(
    data.frame(
      dataset = "three_by_three", network = "mlp", rule = "proportional_abs",
      cost = "cross_entropy", engine = c("js", "python"), after_1 = 0, after_10 = 0,
      after_1000 = 0, weights = 0, outputs = 0, errors = 0, costs = 0, seconds = 1,
      agrees = TRUE, error = NA_character_
    ),
    class = c("tp_crosscheck", "data.frame"), agrees = TRUE, verdict = "All agree."
  )
  for (part in list(found[1L, ], head(found, 1L), found[c("dataset", "engine")],
                    subset(found, engine == "js", c(engine, agrees)))) {
    expect_identical(class(part), "data.frame")
    expect_null(attr(part, "verdict"))
    expect_output(print(part), "engine")
  }
  expect_identical(found[2L, "engine"], "python")
  # the longest label still has a space before the engine
  expect_output(print(found, each = TRUE), "proportional_abs, cross_entropy js ", fixed = TRUE)
})

test_that("unknown names are refused", {
  expect_error(
    tp_crosscheck("nope"), "^datasets entry 1 must be one of \"xor\"",
    class = "twinprop_input_error"
  )
  expect_error(
    tp_crosscheck("xor", engines = "julia"),
    "engines entry 1 must be one of \"python\", \"js\", got \"julia\"",
    fixed = TRUE, class = "twinprop_input_error"
  )
  expect_error(tp_crosscheck(1), "datasets must be a list of names, got 1",
               class = "twinprop_input_error")
})
