# Twin: tests/python/test_explain.py

lesson <- tp_explain_plan("three_by_three")

test_that("the text shows symbols, numbers and value", {
  text <- strsplit(tp_report(lesson), "\n", fixed = TRUE)[[1L]]
  # 0.9 * 0.9 + 0.3 * 0.1 + 0.4 * 0.8 = 0.81 + 0.03 + 0.32 = 1.16; 1 / (1 + exp(-1.16)) = 0.761333
  at <- which(startsWith(text, "  z[2]_1 = "))
  expect_equal(text[at + 0:3], c(
    "  z[2]_1 = W[2]_1,1 * a[1]_1 + W[2]_1,2 * a[1]_2 + W[2]_1,3 * a[1]_3 + b[2]_1",
    "         = 0.9 * 0.9 + 0.3 * 0.1 + 0.4 * 0.8 + 0",
    "         = 1.16",
    "  a[2]_1 = 1 / (1 + exp(-z[2]_1)) = 1 / (1 + exp(-1.16)) = 0.761333"
  ))
  ending <- "The same samples with the new weights: the cost falls."
  expect_output(print(lesson), ending, fixed = TRUE)
  expect_true(all(nchar(text[!startsWith(text, "  ")]) <= line_width))
})

test_that("each format is what it says", {
  expect_match(tp_report(lesson, "md"), "^# One training step\n")
  html <- tp_report(lesson, "html")
  expect_match(html, "^<!DOCTYPE html>")
  expect_false(grepl("https?://|src=|<script", html))
  # well formed, the head's open tags aside
  body <- regmatches(html, regexpr("<div class=\"twinprop\">.*</div>\n", html))
  expect_equal(lengths(gregexpr("<m[a-z]+[ >]", body)), lengths(gregexpr("</m[a-z]+>", body)))
  expect_match(tp_report(lesson, "latex"), "\\end{document}\n", fixed = TRUE)
  json <- jsonlite::fromJSON(tp_report(lesson, "json"))
  expect_equal(json$format, "twinprop-explanation/1")
  expect_identical(json$table$value, lesson$table$value)
  expect_equal(json$table$substitution, lesson$table$substitution)
  expect_identical(json$summary$mean, lesson$summary$mean)
})

test_that("a report is written in the format of its ending", {
  for (ending in names(report_endings)) {
    path <- tempfile(fileext = ending)
    expect_equal(tp_write_report(lesson, path), path)
    text <- paste0(paste(readLines(path), collapse = "\n"), "\n")
    wanted <- tp_report(lesson, report_endings[[ending]])
    expect_equal(sub("\n+$", "", text), sub("\n+$", "", wanted))
    unlink(path)
  }
})

test_that("too large a step is summarised", {
  network <- tp_network(c(30, 20, 5))
  x <- matrix(tp_random_stream(1)$uniform(120), 4)
  d <- matrix(0.5, 4, 5)
  step <- tp_explain(network, x, d)
  expect_true(step$summarised)
  expect_equal(step$table$stage, c("cost", "cost_after", "change"))
  expect_match(tp_report(step), "There are too many equations to write them all out", fixed = TRUE)
  for (format in report_formats) expect_match(tp_report(step, format), "new W[3]", fixed = TRUE)
  forward <- tp_forward(network, x)
  row <- step$summary[step$summary$symbol == "z[2]", ]
  z <- forward$z[[1L]]
  expect_equal(row$count, length(z))
  expect_equal(c(row$smallest, row$mean, row$largest), c(min(z), mean(z), max(z)))
  one <- tp_explain(network, x, d, neurons = list(c(2, 7)))
  expect_false(one$summarised)
  expect_equal(unique(one$table$to[!is.na(one$table$to)]), 7L)
})

test_that("what cannot be reported is refused", {
  expect_error(tp_report(1), "explanation must be what tp_explain() returned, got 1", fixed = TRUE)
  expect_error(
    tp_report(lesson, "pdf"),
    "format must be one of \"text\", \"md\", \"html\", \"latex\", \"json\", got \"pdf\"",
    fixed = TRUE, class = "twinprop_input_error"
  )
  expect_error(
    tp_write_report(lesson, "step.pdf"),
    "path must end in one of \".txt\", \".md\", \".html\", \".tex\", \".json\", got \"step.pdf\"",
    fixed = TRUE, class = "twinprop_input_error"
  )
  expect_error(tp_write_report(lesson, 1), "path must be a path, got 1", fixed = TRUE)
})
