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
