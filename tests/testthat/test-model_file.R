# Model files.

read_case <- function(name) read_json(test_path("..", "cases", "model", paste0(name, ".json")))

case_names <- setdiff(sub("[.]json$", "", basename(case_paths("model"))), "errors")
mixed <- read_case("mixed")$model

# The file of the case "mixed" with one change; a path counts from 0.
changed <- function(change) {
  set <- function(at, path) {
    key <- if (is.numeric(path[[1L]])) path[[1L]] + 1 else path[[1L]]
    if (length(path) > 1L) {
      at[[key]] <- set(at[[key]], path[-1L])
    } else if (isTRUE(change$remove)) {
      at[[key]] <- NULL
    } else {
      at[key] <- list(change$value)
    }
    at
  }
  set(mixed, change$path)
}

# Rows, objects or lists, as a data frame or a matrix.
case_rows <- function(rows) {
  column <- function(key) {
    values <- lapply(rows, function(row) if (is.null(row[[key]])) NA else row[[key]])
    unlist(values)
  }
  if (is.null(names(rows[[1L]]))) {
    return(as_matrix(rows))
  }
  keys <- unique(unlist(lapply(rows, names)))
  columns <- lapply(keys, column)
  names(columns) <- keys
  structure(columns, class = "data.frame", row.names = seq_along(rows))
}

# Rows of numbers, where NULL is a row of NA, as a matrix.
case_matrix <- function(rows) {
  width <- max(lengths(rows))
  do.call(rbind, lapply(rows, function(row) {
    if (is.null(row)) rep(NA_real_, width) else as.double(unlist(row))
  }))
}

expect_close <- function(got, want, label) {
  got <- matrix(as.double(got), nrow(want))
  expect_identical(dim(got), dim(want), label = label)
  expect_identical(is.na(got), is.na(want), label = label)
  size <- max(abs(want), na.rm = TRUE)
  expect_lte(max(abs(got - want), na.rm = TRUE), tolerance_first * size, label = label)
}

test_that("there are cases to replay", {
  expect_gte(length(case_names), 8L)
  expect_gte(length(read_case("errors")), 70L)
})

test_that("a case is what the oracle says", {
  for (name in case_names) {
    case <- read_case(name)
    model <- tp_read_model(case$model)
    rows <- case_rows(case$rows)
    expected <- case$expected
    if (!is.null(model$inputs)) {
      expect_close(encode_inputs(model$inputs, rows, model$na), case_matrix(expected$x), name)
    }
    expect_close(predict(model, rows, type = "raw"), case_matrix(expected$raw), name)
    got <- predict(model, rows)
    if (identical(model$task, "classification")) {
      want <- vapply(expected$predictions, function(one) {
        if (is.null(one)) NA_character_ else level_text(one)
      }, "")
      expect_identical(as.character(got), want, label = name)
      expect_identical(levels(got), level_text(model$outputs$levels), label = name)
      expect_identical(predict(model, rows, type = "class"), got)
    } else {
      expect_close(got, case_matrix(expected$predictions), name)
    }
    if (!all(vapply(expected$probabilities, is.null, NA))) {
      got <- predict(model, rows, type = "prob")
      expect_close(got, case_matrix(expected$probabilities), name)
    } else {
      expect_error(predict(model, rows, type = "prob"), "probabilities need")
    }
  }
})

test_that("a file is written as it was read", {
  path <- tempfile(fileext = ".twinprop.json")
  on.exit(unlink(path))
  for (name in case_names) {
    model <- tp_read_model(read_case(name)$model)
    expect_identical(expect_invisible(tp_write_model(model, path)), path)
    again <- tp_read_model(path)
    expect_identical(again, model, label = name)
    text <- paste(readLines(path, encoding = "UTF-8"), collapse = "\n")
    expect_identical(format_model(again), text)
    expect_identical(tp_read_model(text), model, label = name)
    expect_identical(
      sub("^.([^\"]*\".*)", "\\1", sub("^[{ ]\"([a-z]*)\".*", "\\1", readLines(path))), model_keys
    )
  }
})

test_that("what is no model is refused in the words of all languages", {
  for (case in read_case("errors")) {
    condition <- tryCatch(
      {
        if (!is.null(case$rows)) {
          predict(
            tp_read_model(mixed), case_rows(case$rows), na = case[["na"]],
            extra = if (is.null(case$extra)) "ignore" else case$extra
          )
        } else if (!is.null(case$text)) {
          path <- tempfile(fileext = ".json")
          writeLines(case$text, path)
          tp_read_model(path)
        } else {
          tp_read_model(changed(case$change))
        }
        NULL
      },
      twinprop_input_error = function(e) conditionMessage(e)
    )
    if (is.null(case[["message"]])) {
      expect_true(startsWith(condition, case$message_start), label = case$name)
    } else {
      expect_identical(condition, case[["message"]], label = case$name)
    }
  }
})

test_that("floats survive to their last bit", {
  values <- c(0.1, -0, 5e-324, 1.7e308 / 1e300, 1 / 3, -2.5e-308, 1e22, 123456789.12345679)
  network <- tp_network(
    c(8, 1, 1), "identity", weights = list(t(values), matrix(-1e-3)), biases = list(0, -0)
  )
  path <- tempfile()
  on.exit(unlink(path))
  tp_write_model(network, path)
  again <- tp_read_model(path)$network
  expect_identical(again, network)
  expect_identical(1 / again$weights[[1L]][2L], -Inf)
  expect_identical(1 / again$biases[[2L]], -Inf)
})

test_that("one-unit layers stay arrays", {
  text <- format_model(make_model(tp_network(c(1, 1, 1))))
  expect_match(text, "\"biases\": [[0], [0]]", fixed = TRUE)
  expect_length(jsonlite::parse_json(text)$probes$rows, 4L)
})

test_that("probes are none of the user's rows and meet each level", {
  rows <- probe_rows(tp_read_model(mixed))
  expect_setequal(vapply(rows, `[[`, "", 1L), c("Biscoe", "Dream", "Torgersen"))
  expect_setequal(vapply(rows, `[[`, "", 3L), c("small", "middle", "large"))
  expect_setequal(vapply(rows, `[[`, NA, 4L), c(TRUE, FALSE))
})

test_that("a file is there whole or not at all", {
  folder <- tempfile()
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  path <- file.path(folder, "m.json")
  tp_write_model(tp_network(c(1, 1)), path)
  before <- readLines(path)
  huge <- list(matrix(1e200), matrix(1e200))
  expect_input_error(
    tp_write_model(tp_network(c(1, 1, 1), "identity", weights = huge), path),
    "the model has outputs that are not finite"
  )
  expect_identical(readLines(path), before)
  expect_identical(list.files(folder, all.files = TRUE, no.. = TRUE), "m.json")
  expect_error(
    tp_write_model(tp_network(c(1, 1)), file.path(folder, "no", "m.json")), "cannot write"
  )
})

test_that("what cannot be read or written is said", {
  expect_input_error(tp_read_model("no.json"), "cannot read the model: no file \"no.json\"")
  expect_input_error(tp_read_model(3), "path must be a path, got 3")
  expect_error(tp_read_model("{\"a\": 1} /* */"), "the model is not valid JSON: a comment")
  expect_input_error(
    tp_write_model(3, "m.json"), "model must be a model, a network or a fit, got 3"
  )
  expect_input_error(
    tp_write_model(tp_network(c(1, 1)), 3), "path must be a path or \"-\", got 3"
  )
})

test_that("a fit that holds a model is written, to standard output too", {
  fit <- structure(list(model = make_model(tp_network(c(1, 1)))), class = "twinprop")
  text <- paste(capture.output(tp_write_model(fit, "-")), collapse = "\n")
  expect_identical(tp_read_model(text), fit$model)
})

test_that("training is kept as plain JSON", {
  given <- list(
    seed = 3L, curve = c(0.5, NA), one = I(0.25), flag = TRUE, text = "a\"\\\n\u00e9\U1F600",
    none = NULL, factor = factor("b"), deep = list(a = list(), m = rbind(1:2, 3:4)), inf = -Inf
  )
  text <- json_value(given)
  expect_identical(text, paste0(
    "{\"seed\": 3, \"curve\": [0.5, null], \"one\": [0.25], \"flag\": true, ",
    "\"text\": \"a\\\"\\\\\\u000a\u00e9\U1F600\", \"none\": null, \"factor\": \"b\", ",
    "\"deep\": {\"a\": [], \"m\": [[1, 2], [3, 4]]}, \"inf\": null}"
  ))
  again <- jsonlite::parse_json(text)
  expect_identical(json_value(again), text)
  expect_identical(json_value(empty_object), "{}")
  expect_error(json_value(list(code = print)), "training must be made of")
})

test_that("a term that only R computes is refused by name, and R still predicts", {
  frame <- model.frame(mpg ~ log(hp) + poly(wt, 2) + cyl, mtcars)
  found <- frame_inputs(frame, mtcars)
  inputs <- scale_inputs(found$inputs, found$x)
  model <- make_model(
    tp_network(c(4, 1), "identity"), "regression", inputs, learn_outputs(mtcars$mpg, "regression")
  )
  expect_length(predict(model, mtcars[1:3, ]), 3L)
  expect_input_error(
    tp_write_model(model, tempfile()),
    paste(
      "the model cannot be written: no other language computes the terms",
      "\"log(hp)\", \"poly(wt, 2)\""
    )
  )
  expect_identical(predict(unserialize(serialize(model, NULL)), mtcars), predict(model, mtcars))
})
