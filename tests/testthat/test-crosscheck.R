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

test_that("ulps are steps from number to number", {
  for (case in list(
    c(1, 1, 0), c(1, 2, 2^52), c(1, 1 + 2^-52, 1), c(-1, -1 + 2^-53, 1), c(0, -0, 1),
    c(-0, 2^-1074, 2), c(-2^-1074, 2^-1074, 3), c(2^-1043, 2^-1043 - 2^-1074, 1)
  )) {
    expect_identical(ulps_between(case[1L], case[2L]), case[3L])
    expect_identical(ulps_between(case[2L], case[1L]), case[3L])
  }
})

test_that("the first number with other bits is named", {
  expect_null(first_difference(run, run))
  next_up <- function(x) x * (1 + 2^-52)
  changed <- run
  changed$cost[3L] <- next_up(changed$cost[3L])
  changed$biases[[1L]] <- changed$biases[[1L]] + 1
  expect_match(first_difference(changed, run), "^the cost of epoch 3, by [12] ulp$")
  changed <- run
  changed$weights[[2L]][3L, 2L] <- next_up(changed$weights[[2L]][3L, 2L])
  changed$weights[[2L]][2L, 3L] <- next_up(changed$weights[[2L]][2L, 3L])
  expect_match(
    first_difference(changed, run),
    "^the weight from neuron 3 of layer 2 to neuron 2 of layer 3, by [12] ulp$"
  )
  zero <- run
  zero$biases[[2L]][3L] <- 0
  changed <- zero
  changed$biases[[2L]][3L] <- -0
  expect_identical(
    first_difference(changed, zero), "the bias of neuron 3 of layer 3, by 1 ulp"
  )
  changed <- run
  changed$cost <- changed$cost[-1L]
  expect_identical(first_difference(changed, run), "the shape of the cost")
  changed <- run
  changed$weights <- changed$weights[1L]
  expect_identical(first_difference(changed, run), "the shape of the weights of layer 3")
})

test_that("other bits of an engine are in the verdict and are printed", {
  bits <- data.frame(
    dataset = "xor", rule = "gradient", cost = "mse", engine = c("python", "js"),
    fingerprint = strrep(c("a", "b"), 32), agrees = c(TRUE, FALSE),
    first = c(NA, "the cost of epoch 2, by 3 ulp"), error = NA_character_
  )
  rows <- data.frame(
    dataset = "xor", network = "mlp", rule = "gradient", cost = "mse", engine = "js", after_1 = 0,
    after_10 = 0, after_1000 = 0, weights = 0, outputs = 0, errors = 0, costs = 0, agrees = TRUE
  )
  expect_identical(
    crosscheck_verdict(rows, c("r", "js"), character(), character(), bits),
    "DIFFERS: 1 of 2 trainings in portable arithmetic, the first on js: xor."
  )
  expect_match(
    crosscheck_verdict(rows, c("r", "js"), character(), character(), bits[1L, ]),
    "; in portable arithmetic r, python give the same bits.",
    fixed = TRUE
  )
  printed <- capture.output(print_portable(bits))
  expect_match(printed[3L], "python: the same bits as r, fingerprint aaaaaaaaaaaa$")
  expect_match(printed[4L], "js: DIFFERS, first the cost of epoch 2, by 3 ulp$")
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
