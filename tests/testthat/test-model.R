# Models.

inputs <- list(
  columns = list(
    list(name = "a", kind = "numeric"),
    list(name = "b", kind = "factor", levels = c("x", "y"), ordered = FALSE)
  ),
  terms = list(
    list(name = "a", parts = list(list(column = "a"))),
    list(name = "by", parts = list(list(column = "b", coding = c(0, 1))))
  ),
  center = c(10, 0), scale = c(5, 1)
)
classes <- list(names = "kind", levels = c("no", "yes"), center = NULL, scale = NULL)
numbers <- list(names = "price", levels = NULL, center = 100, scale = 10)
rows <- data.frame(a = c(10, 15, 0), b = c("x", "y", "y"))

network <- function(activation = "identity") {
  tp_network(c(2, 1), activation, weights = list(cbind(2, -1)), biases = list(0.5))
}

classifier <- function(na = "error") {
  make_model(network("sigmoid"), "classification", inputs, classes, na)
}

test_that("a regression by hand", {
  model <- make_model(network(), "regression", inputs, numbers)
  # (a - 10) / 5 * 2 - (b is y) + 0.5, times 10, plus 100
  expect_identical(predict(model, rows), c(105, 115, 55))
  expect_identical(
    predict(model, rows, type = "raw"),
    matrix(c(0.5, 1.5, -4.5), dimnames = list(NULL, "price"))
  )
  named <- structure(rows, row.names = c("p", "q", "r"))
  expect_identical(predict(model, named), c(p = 105, q = 115, r = 55))
  expect_error(
    predict(model, rows, type = "prob"), "\"classification\" or \"multilabel\", got \"regression\""
  )
  expect_input_error(
    predict(model, rows, type = "class"),
    "classes need a model of task \"classification\", got \"regression\""
  )
})

test_that("a classification by hand", {
  model <- classifier()
  wanted <- stats::plogis(c(0.5, 1.5, -4.5))
  expect_equal(predict(model, rows, type = "prob"), cbind(no = 1 - wanted, yes = wanted))
  expect_identical(predict(model, rows), factor(c("yes", "yes", "no")))
  expect_identical(predict(model, rows, type = "class"), predict(model, rows))
  expect_output(print(model), "A model: classification of kind.*2-1.*Columns: a, b.*no, yes")
  expect_error(predict(model, rows, type = "link"), "type must be one of \"response\"")
})

test_that("missing values are an error, or predict NA", {
  rows <- data.frame(a = c(10, NA, 0), b = c("x", "y", NA))
  expect_input_error(predict(classifier(), rows), "column \"a\" row 2 is missing")
  for (got in list(predict(classifier("pass"), rows), predict(classifier(), rows, na = "pass"))) {
    expect_identical(got, factor(c("yes", NA, NA), levels = c("no", "yes")))
  }
  expect_error(predict(classifier("pass"), rows, na = "error"), "row 2 is missing")
  prob <- predict(classifier("pass"), rows, type = "prob")
  expect_identical(is.na(prob[, "yes"]), c(FALSE, TRUE, TRUE))
  labels <- list(names = "sun", levels = NULL, center = NULL, scale = NULL)
  model <- make_model(network("sigmoid"), "multilabel", inputs, labels, "pass")
  expect_identical(predict(model, rows), cbind(sun = c(1, NA, NA)))
})

test_that("no rows give no predictions", {
  expect_length(predict(classifier(), rows[0L, ]), 0L)
  expect_identical(dim(predict(classifier(), rows[0L, ], type = "prob")), c(0L, 2L))
})

test_that("a network alone predicts its outputs", {
  model <- make_model(network())
  expect_identical(predict(model, cbind(1, 2)), matrix(0.5))
  expect_output(print(model), "A model without a task, 2-1")
  expect_error(predict(model, cbind(1, 2), type = "prob"), "got null")
})

test_that("a model is plain R and is saved whole", {
  path <- tempfile(fileext = ".rds")
  on.exit(unlink(path))
  saveRDS(classifier(), path)
  expect_identical(readRDS(path), classifier())
  expect_false(any(vapply(unclass(classifier()), is.function, NA)))
})

test_that("parts that do not fit are refused", {
  given <- list(network("sigmoid"), "classification", inputs, classes)
  names(given) <- c("network", "task", "inputs", "outputs")
  refused <- function(message, ...) {
    parts <- list(...)
    given[names(parts)] <- parts
    expect_input_error(do.call(make_model, given), message)
  }
  refused("network must be a network made by tp_network(), got 3", network = 3)
  refused("task and outputs must both be there or both be null", task = NULL)
  refused("na must be one of \"error\", \"pass\", got \"omit\"", na = "omit")
  refused("training must be an object, got 3", training = 3)
  refused(
    "outputs.levels must be there for a classification and for nothing else", outputs = numbers
  )
  refused(
    "outputs must be as many as those of the network (1), got 3",
    outputs = utils::modifyList(classes, list(levels = c("a", "b", "c")), keep.null = TRUE)
  )
  refused(
    "inputs.terms must have one entry for each input of the network (3), got 2",
    network = tp_network(c(3, 1))
  )
})
