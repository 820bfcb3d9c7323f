# The functions that are written predict the same when they are run. Twin:
# tests/python/test_code_writers.py, which also runs the queries; tests/cross/test_converters.py
# holds the texts together.

# Sums in another order (section 10 of the contract).
equal <- 1e-12

make_rows <- function(columns, rows = 20, seed = 11) {
  matrix(8 * tp_random_stream(seed)$uniform(rows * columns) - 4, rows, byrow = TRUE)
}

shapes <- list(
  list(c(3, 1), "identity"),
  list(c(2, 4, 1), "sigmoid"),
  list(c(3, 4, 4, 2), c("relu", "leaky_relu", "tanh")),
  list(c(2, 5, 3, 2), c("softplus", "identity", "sigmoid")),
  list(c(4, 6, 3), c("sigmoid", "softmax"))
)

# The function of a source, which sees base R alone.
function_of <- function(source, name) {
  space <- new.env(parent = baseenv())
  eval(parse(text = source), space)
  get(name, space)
}

test_that("the function in R predicts the same", {
  for (case in shapes) {
    network <- tp_network(case[[1L]], case[[2L]], init = "uniform", seed = 3)
    x <- make_rows(case[[1L]][1L])
    f <- function_of(tp_to_r_function(network, "f"), "f")
    want <- predict(network, x)
    for (given in list(x, as.data.frame(x))) {
      expect_lte(max(abs(f(given) - want)) / max(1, abs(want)), equal)
    }
    expect_identical(dim(f(x[1L, , drop = FALSE])), c(1L, ncol(want)))
    expect_identical(dim(f(x[0L, , drop = FALSE])), c(0L, ncol(want)))
    x[2L, 1L] <- NA
    got <- f(x)
    expect_true(all(is.na(got[2L, ])))
    expect_lte(max(abs(got[-2L, ] - want[-2L, ])) / max(1, abs(want)), equal)
  }
  expect_error(f(matrix("a", 1, 4)), "newdata must have 4 columns of numbers")
  expect_error(f(x[, -1L]), "newdata must have 4 columns of numbers")
})

test_that("the function in JavaScript predicts the same", {
  skip_if(Sys.which("node") == "", "node is missing")
  for (case in shapes) {
    network <- tp_network(case[[1L]], case[[2L]], init = "uniform", seed = 3)
    x <- make_rows(case[[1L]][1L])
    rows <- apply(x, 1L, function(row) {
      paste0("[", paste(sprintf("%.17g", row), collapse = ","), "]")
    })
    path <- tempfile(fileext = ".mjs")
    writeLines(c(
      tp_to_js_function(network),
      paste0("console.log(JSON.stringify([", paste(rows, collapse = ","), "].map(predict)));")
    ), path)
    got <- jsonlite::fromJSON(system2("node", shQuote(path), stdout = TRUE))
    want <- predict(network, x)
    expect_lte(max(abs(matrix(got, nrow(x)) - want)) / max(1, abs(want)), equal)
  }
})

test_that("names of functions are checked", {
  network <- tp_network(c(1, 1), "identity")
  expect_match(tp_to_js_function(network, "$a_1"), "function $a_1(x) {", fixed = TRUE)
  expect_match(tp_to_r_function(network, ".b.1"), "\n.b.1 <- function(newdata) {", fixed = TRUE)
  for (name in c("1a", "a b", "class", "a()", "", "a\n")) {
    expect_input_error(
      tp_to_js_function(network, name),
      paste("name must be a name of a function in JavaScript, got", describe(name))
    )
  }
  for (name in c("1a", "a b", "if", ".1", "_a", "NA_real_", "", "a;b", "a\n")) {
    expect_input_error(
      tp_to_r_function(network, name),
      paste("name must be a name of a function in R, got", describe(name))
    )
  }
})

test_that("the query names what it reads and makes", {
  network <- tp_network(c(1, 1), "identity", weights = list(matrix(2)), biases = list(1))
  expect_identical(tp_to_sql(network, c("main", "a\"b"), columns = "it's", keep = "id"), paste(
    sep = "\n",
    "WITH",
    "tp_x AS MATERIALIZED (",
    "  SELECT",
    "    t.\"id\" AS k1,",
    "    CAST(t.\"it's\" AS DOUBLE PRECISION) AS a1",
    "  FROM \"main\".\"a\"\"b\" AS t",
    "),",
    "tp_z2 AS MATERIALIZED (",
    "  SELECT",
    "    k1,",
    "    1 + 2 * a1 AS z1",
    "  FROM tp_x",
    ")",
    "SELECT",
    "  k1 AS \"id\",",
    "  z1 AS \"y1\"",
    "FROM tp_z2",
    ""
  ))
})

test_that("bad arguments are refused", {
  network <- tp_network(c(2, 2), "identity")
  refused <- function(message, table = "t", ...) {
    expect_input_error(tp_to_sql(network, table, ...), message)
  }
  refused("table must be a name or a list of names, got \"\"", "")
  refused("table must be a name or a list of names, got 3", 3)
  refused("table must be a name or a list of names, got a list of 0", character())
  refused("columns must have 2 values, got 1", columns = "a")
  refused("columns must be a list of names, got a list of 2", columns = 1:2)
  refused("keep must be a list of names, got 1", keep = 1)
  refused("keep must not name a column of the prediction, got \"Y2\"", keep = c("id", "Y2"))
  refused(
    "dialect must be one of \"sqlite\", \"postgresql\", \"standard\", got \"oracle\"",
    dialect = "oracle"
  )
  for (write in list(tp_to_js_function, tp_to_r_function)) {
    expect_input_error(
      write(3), "model must be a model, a network or a fit, got 3"
    )
  }
})

# Models: raw columns in, the predictions of tests/cases/model out; rows that lack a value are NA.
test_that("the function in R of a model predicts what the model does", {
  paths <- case_paths("model")
  for (path in paths[!grepl("errors|bare", basename(paths))]) {
    case <- read_json(path)
    model <- tp_read_model(case$model)
    columns <- if (is.null(model$inputs)) {
      list(list(name = "x1", kind = "numeric"))
    } else {
      model$inputs$columns
    }
    rows <- as.data.frame(lapply(columns, function(column) {
      values <- lapply(case$rows, function(row) {
        if (is.null(row[[column$name]])) NA else row[[column$name]]
      })
      unlist(values)
    }), col.names = seq_along(columns))
    names(rows) <- vapply(columns, `[[`, "", "name")
    got <- function_of(tp_to_r_function(model), "predict_network")(rows)
    want <- predict(model, rows, na = "pass")
    if (model$task == "classification") {
      expect_identical(as.character(got$class), as.character(want), label = basename(path))
      want <- predict(model, rows, type = "prob", na = "pass")
      got <- got[-1L]
    } else if (model$task == "multilabel") {
      want <- predict(model, rows, type = "prob", na = "pass")
    }
    expect_identical(is.na(unname(as.matrix(got))), is.na(unname(as.matrix(want))))
    gap <- max(abs(as.matrix(got) - as.matrix(want)), na.rm = TRUE)
    expect_lte(gap, equal * max(1, abs(as.matrix(want)), na.rm = TRUE))
  }
})

test_that("a model with a term of R alone is refused", {
  case <- read_json(case_paths("model")[grepl("mixed", case_paths("model"))])
  model <- tp_read_model(case$model)
  model$inputs$r_only <- list(refused = c("log(bill)", "poly(bill, 2)"))
  for (write in list(tp_to_js_function, tp_to_r_function)) {
    expect_input_error(write(model), paste0(
      "the model cannot be converted: no other language computes the terms \"log(bill)\", ",
      "\"poly(bill, 2)\""
    ))
  }
})

test_that("a fit is converted as its model", {
  data <- datasets::iris
  fit <- suppressWarnings(
    twinprop(Sepal.Length ~ Species * Petal.Length, data, hidden = 3, epochs = 20, seed = 1)
  )
  got <- function_of(tp_to_r_function(fit), "predict_network")(data)
  expect_lte(max(abs(got$prediction - predict(fit, data))), equal * 10)
  fit <- suppressWarnings(twinprop(Species ~ ., data, hidden = 3, epochs = 20, seed = 1))
  got <- function_of(tp_to_r_function(fit), "predict_network")(data)
  expect_identical(got$class, unname(predict(fit, data, type = "class")))
  fit <- suppressWarnings(
    twinprop(Sepal.Length ~ log(Petal.Length), data, hidden = 3, epochs = 20, seed = 1)
  )
  expect_input_error(
    tp_to_sql(fit, "iris"),
    "the model cannot be converted: no other language computes the term \"log(Petal.Length)\""
  )
})
