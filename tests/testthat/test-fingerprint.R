# The fingerprint of a training. Twins: tests/python/test_fingerprint.py,
# tests/js/fingerprint.test.js

plan <- list(
  network = list(layers = c(2, 3, 2)), training = list(epochs = 5),
  data = list(x = rbind(c(0, 1), c(1, 0)), d = rbind(c(0.25, 0.5), c(0.75, 0.5)))
)

by_hand <- function(costs, weights, biases) {
  path <- tempfile()
  on.exit(unlink(path))
  output <- file(path, "wb")
  for (cost in costs) writeBin(cost, output, endian = "little")
  for (w in weights) for (k in seq_len(nrow(w))) writeBin(w[k, ], output, endian = "little")
  for (b in biases) writeBin(b, output, endian = "little")
  close(output)
  unname(tools::md5sum(path))
}

test_that("it is MD5 of costs, weights and biases in this order", {
  run <- tp_run(plan)
  expect_match(run$fingerprint, "^[0-9a-f]{32}$")
  expect_identical(run$fingerprint, by_hand(run$cost, run$weights, run$biases))
  expect_identical(tp_fingerprint(run), run$fingerprint)
  # Python's and JavaScript's tests have the same number
  expect_identical(
    fingerprint_of(0.5, list(rbind(c(1, -0.0), c(3, 4))), list(c(2, 5))),
    "43184e3ab9548f070d5b909d9d3fbb53"
  )
})

test_that("every number and the sign of a zero count", {
  run <- tp_run(plan)
  marks <- run$fingerprint
  numbers <- list(cost = run$cost, weights = run$weights, biases = run$biases)
  flat <- unlist(numbers)
  for (i in seq_along(flat)) {
    moved <- flat
    moved[i] <- moved[i] * (1 + 2^-52) + 2^-1074
    moved <- utils::relist(moved, numbers)
    marks <- c(marks, fingerprint_of(moved$cost, moved$weights, moved$biases))
  }
  expect_length(unique(marks), 1L + 5L + 12L + 5L)
  zero <- function(value) fingerprint_of(numeric(), list(matrix(value)), list())
  expect_false(zero(0) == zero(-0))
})

test_that("it is in the run and its file", {
  run <- tp_run(plan)
  expect_output(print(run), paste0(", fingerprint ", substr(run$fingerprint, 1, 12), "\n"))
  path <- tempfile(fileext = ".json")
  on.exit(unlink(path))
  tp_write_run(run, path)
  expect_identical(read_json(path)$fingerprint, run$fingerprint)
  expect_identical(tp_fingerprint(path), run$fingerprint)
})

test_that("a plan is trained", {
  run <- tp_run(plan)
  expect_identical(tp_fingerprint(plan), run$fingerprint)
  text <- '{"network": {"layers": [2, 3, 2]}, "training": {"epochs": 5}, "data": {"x": [[0, 1],
    [1, 0]], "d": [[0.25, 0.5], [0.75, 0.5]]}}'
  expect_identical(tp_fingerprint(text), run$fingerprint)
})

test_that("a model has that of its loss curve and network", {
  network <- tp_network(c(2, 3, 1))
  path <- tempfile(fileext = ".twinprop.json")
  on.exit(unlink(path))
  tp_write_model(network, path)
  model <- tp_read_model(path)
  expect_identical(tp_fingerprint(model), by_hand(NULL, network$weights, network$biases))
  expect_identical(tp_fingerprint(path), tp_fingerprint(model))

  fit <- twinprop(mpg ~ wt, mtcars, seed = 1, hidden = 3, epochs = 4, tol = 0) |>
    suppressWarnings()
  mark <- by_hand(fit$history$loss, fit$network$weights, fit$network$biases)
  expect_identical(fit$training$fingerprint, mark)
  expect_identical(tp_fingerprint(fit), mark)
  expect_output(print(fit), paste0("Fingerprint: ", substr(mark, 1, 12), "$"))
  tp_write_model(fit, path)
  expect_identical(tp_read_model(path)$training$fingerprint, mark)
  expect_identical(tp_fingerprint(path), mark)
  expect_output(print(tp_read_model(path)), paste0("Fingerprint: ", substr(mark, 1, 12)))
})

test_that("a file that was changed is refused", {
  run <- tp_run(plan)
  changed <- run
  changed$weights[[1]][1, 1] <- changed$weights[[1]][1, 1] + 1e-15
  found <- fingerprint_of(changed$cost, changed$weights, changed$biases)
  path <- tempfile(fileext = ".json")
  on.exit(unlink(path))
  tp_write_run(changed, path)
  expect_input_error(tp_fingerprint(path), paste0(
    "the file's fingerprint is \"", run$fingerprint, "\", that of its numbers \"", found,
    "\": the file was changed or damaged"
  ))
})

test_that("what has none is refused", {
  for (case in list(list(3, "3"), list(NULL, "null"), list(list(1, 2), "a list of 2"))) {
    expect_input_error(tp_fingerprint(case[[1]]), paste0(
      "source must be a run, a model, a fit, a list or a path, got ", case[[2]]
    ))
  }
  model <- tp_read_model(local({
    path <- tempfile()
    tp_write_model(tp_network(c(1, 1)), path)
    path
  }))
  model$training <- list(loss_curve = list(0.5, "low"))
  expect_input_error(
    tp_fingerprint(model), "training.loss_curve must be a list of finite numbers"
  )
})

test_that("a run file that is not whole is refused", {
  run <- list(
    format = "twinprop-run/1", cost = list(0.1), weights = list(list(list(1))),
    biases = list(list(0))
  )
  expect_match(tp_fingerprint(run), "^[0-9a-f]{32}$")
  for (key in c("cost", "weights", "biases")) {
    without <- run[setdiff(names(run), key)]
    expect_error(
      tp_fingerprint(without), sprintf("run must have \"%s\", got no such key", key),
      class = "twinprop_input_error"
    )
    for (bad in list("x", list("x"), list(list(list("a"))))) {
      wrong <- run
      wrong[[key]] <- bad
      expect_error(tp_fingerprint(wrong), "run must have numbers", class = "twinprop_input_error")
    }
  }
})
