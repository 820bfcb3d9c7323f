# How training goes, for the eye. Twin: python/twinprop/progress.py

# Where there is no bar, a training of more epochs than this gives a line every so often.
most_lines <- 20

# A list of two functions: `epoch(epoch, cost)` after each epoch, NULL if nothing is to be shown;
# `close()` at the end. The label, if any, goes before what they show: which of several trainings
# this is.
progress_reporter <- function(progress, epochs, label = "") {
  if (!progress || epochs == 0) {
    return(list(epoch = NULL, close = function() NULL))
  }
  start <- if (label == "") "" else paste0(label, ": ")
  if (isatty(stderr()) && requireNamespace("cli", quietly = TRUE)) {
    bar_reporter(epochs, start)
  } else {
    line_reporter(epochs, start)
  }
}

bar_reporter <- function(epochs, start = "") {
  bar <- cli::cli_progress_bar(
    total = epochs, extra = list(cost = ""), clear = FALSE, .auto_close = FALSE,
    format = paste(
      paste0(start, "{cli::pb_bar} epoch {cli::pb_current} of {cli::pb_total} |"),
      "cost {cli::pb_extra$cost} | {cli::pb_eta_str}"
    )
  )
  list(
    epoch = function(epoch, cost) {
      cli::cli_progress_update(
        set = epoch, extra = list(cost = sprintf("%.6g", cost)), id = bar
      )
    },
    close = function() cli::cli_progress_done(id = bar)
  )
}

line_reporter <- function(epochs, start = "") {
  every <- ceiling(epochs / most_lines)
  list(
    epoch = function(epoch, cost) {
      if (epoch %% every == 0 || epoch == epochs) {
        message(sprintf("%sepoch %.0f/%.0f cost %.6g", start, epoch, epochs, cost))
      }
    },
    close = function() NULL
  )
}
