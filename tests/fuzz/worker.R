# The fuzzer's R: answers one request after the other. Twin: worker.js.
#
# A request is a line of standard input, DO<tab>FILE<tab>OUTPUT; the answer a line of JSON: {} if it
# went well and wrote OUTPUT, else the error's class and message.

library(twinprop)

read_text <- function(file) {
  text <- readChar(file, file.size(file), useBytes = TRUE)
  Encoding(text) <- "UTF-8"
  text
}

# A column of a frame, whose missing values are null.
column <- function(about) {
  kind <- list(number = NA_real_, logical = NA, levels = NA_character_)[[about$kind]]
  values <- vapply(about$values, function(value) if (is.null(value)) kind else value, kind)
  if (is.null(about$levels)) {
    return(values)
  }
  factor(values, unlist(about$levels), ordered = about$ordered)
}

columns <- function(given) {
  stats::setNames(lapply(given, column), vapply(given, `[[`, "", "name"))
}

json_numbers <- function(numbers) paste0("[", paste(sprintf("%.17g", numbers), collapse = ","), "]")

tasks <- list(
  run = function(file, output) suppressWarnings(tp_run(file, output)),
  read = function(file, output) tp_read_plan(file),
  random = function(file, output) {
    given <- jsonlite::parse_json(read_text(file))
    stream <- tp_random_stream(given$seed)
    drawn <- vapply(given$draws, function(draw) {
      numbers <- stream[[draw[[1L]]]](draw[[2L]])
      json_numbers(if (draw[[1L]] == "order") numbers - 1 else numbers)
    }, "")
    writeLines(paste0("[", paste(drawn, collapse = ","), "]"), output)
  },
  model = function(file, output) {
    given <- jsonlite::parse_json(read_text(file))
    internal <- asNamespace("twinprop")
    frame <- columns(given$columns)
    inputs <- internal$learn_inputs(frame)
    inputs <- internal$scale_inputs(inputs, internal$encode_inputs(inputs, frame))
    outputs <- internal$learn_outputs(column(given$y), given$task)
    d <- internal$encode_outputs(outputs, column(given$y), given$task)
    last <- if (given$task == "regression") "identity" else "sigmoid"
    network <- tp_network(
      c(length(inputs$terms), 3, ncol(d)), c("tanh", last), "uniform", given$seed
    )
    model <- internal$make_model(network, given$task, inputs, outputs, "pass", list(d = d))
    tp_write_model(model, output)
  },
  predict = function(file, output) {
    given <- jsonlite::parse_json(read_text(file))
    path <- tempfile()
    on.exit(unlink(path))
    writeLines(enc2utf8(given$text), path, useBytes = TRUE)
    model <- tp_read_model(path)
    frame <- columns(given$columns)
    response <- predict(model, frame)
    found <- list(
      raw = unname(predict(model, frame, type = "raw")),
      response = I(if (is.factor(response)) as.character(response) else as.vector(response))
    )
    writeLines(enc2utf8(asNamespace("twinprop")$json_value(found)), output, useBytes = TRUE)
  }
)

answer <- function(request) {
  tryCatch(
    {
      tasks[[request[1L]]](request[2L], request[3L])
      "{}"
    },
    error = function(e) {
      said <- list(error = class(e)[1L], message = conditionMessage(e))
      as.character(jsonlite::toJSON(said, auto_unbox = TRUE))
    }
  )
}

requests <- file("stdin", "r", encoding = "UTF-8")
while (length(line <- readLines(requests, 1L)) > 0L) {
  cat(enc2utf8(answer(strsplit(line, "\t", fixed = TRUE)[[1L]])), "\n", sep = "")
  flush(stdout())
}
